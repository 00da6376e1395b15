"""Which file an import is of, and whether the very same one was brought in before.

An upload is known as it arrives. A file of the server's folder is read by the job, or by its dry run, so that nobody
waits for that; what is known of it holds while the file keeps its size and its time of change.
"""

from typing import Any

from yunying.apps.tracking.importing import storage
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus, Place
from yunying.apps.tracking.importing.runner import Source, state_of
from yunying.base.errors import Conflict, NotFound, msg

__all__ = ["FOUND_BEFORE", "OTHER_CHOICES", "known_fingerprint", "refuse_what_was_imported", "remember", "same_file"]

OTHER_CHOICES = msg(
    "This file was imported before with other choices. Take that import back first, or import it again."
)
NOTHING_TO_ADD = msg("This file was imported with these choices before, so there is nothing to add.")
WAS_STOPPED = msg("An import of this file with these choices was stopped. Import it again, and that one goes on.")
FOUND_BEFORE = ("import.other_choices", "import.nothing_to_add", "import.was_stopped")


def known_fingerprint(run: ImportRun) -> str:
    """The fingerprint of an import's file without reading it; empty when it has to be read. Raises NotFound."""
    path = storage.path_of(run)
    if run.place != Place.FOLDER or run.status != ImportStatus.DRAFT or not run.fingerprint:
        return run.fingerprint
    try:
        return run.fingerprint if list(state_of(path)) == run.outcome.get("state") else ""
    except OSError:
        raise NotFound("import.file_gone", msg("The uploaded file is not kept any more. Upload it again.")) from None


def remember(run: ImportRun, source: Source, **more: Any) -> None:
    """Keep what was read of a draft's file."""
    draft = ImportRun.objects.filter(pk=run.pk, mapping="")
    draft.update(fingerprint=source.fingerprint, outcome={"state": list(source.state)}, **more)


def same_file(run: ImportRun, fingerprint: str) -> list[ImportRun]:
    """The other imports of this file into the product, without drafts and what was taken back."""
    same = ImportRun.objects.select_related("product").filter(product=run.product, fingerprint=fingerprint)
    return list(same.exclude(pk=run.pk).exclude(status__in=(ImportStatus.TAKEN_BACK, ImportStatus.DRAFT)))


def refuse_what_was_imported(run: ImportRun, source: Source, digest: str, *, again: bool) -> None:
    """Raises Conflict, with the earlier import in it, when the job finds what people should decide about."""
    others = same_file(run, source.fingerprint)
    earlier = next((one for one in others if one.mapping == digest), None)
    if earlier is not None and earlier.status == ImportStatus.STOPPED:
        raise Conflict("import.was_stopped", WAS_STOPPED, earlier=earlier.pk)
    if earlier is not None:
        raise Conflict("import.nothing_to_add", NOTHING_TO_ADD, earlier=earlier.pk)
    if others and not again:
        raise Conflict("import.other_choices", OTHER_CHOICES, field="again", earlier=others[0].pk)

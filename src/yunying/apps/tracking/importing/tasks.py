"""The background work of imports: dry run, import, taking back, and deleting what is not needed any more."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.importing import storage
from yunying.apps.tracking.importing.errorlog import ErrorLog
from yunying.apps.tracking.importing.identity import refuse_what_was_imported, remember
from yunying.apps.tracking.importing.mapping import FileMapping, parse
from yunying.apps.tracking.importing.models import CheckState, ImportRun, ImportStatus, Place
from yunying.apps.tracking.importing.runner import ImportProgress, Source, run_import
from yunying.apps.tracking.importing.trial import Check, check_file
from yunying.apps.tracking.ingest import shared_ingest
from yunying.base import clock
from yunying.base.actor import SYSTEM
from yunying.base.errors import Bug, Conflict, LimitReached, Unavailable, YunyingError, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs import job, progress, schedule, step
from yunying.platform.jobs.context import Cancelled, Stopping
from yunying.platform.jobs.errors import is_final, record_of
from yunying.store import shared

__all__ = ["carry_out_import", "check_import", "digest_of", "note_cancelled", "sweep_imports", "take_back_import"]

log = logging.getLogger("yunying.import")

KEPT_UPLOAD = timedelta(days=7)
KEPT_ERRORS = timedelta(days=90)
_PARTS = 1000
CANCELLED = {"code": "import.cancelled", "message": msg("It was cancelled."), "data": {}}

GIVEN_UP = {"code": "import.given_up", "message": msg("It was tried several times and given up."), "data": {}}


def digest_of(run: ImportRun) -> str:
    """What names the mapping of an import."""
    return _mapping(run).digest


@job(queue="heavy", label=_("Check a file before its import"))
def check_import(run_id: int) -> None:
    """The dry run of a draft; its outcome is kept with the draft. Begun anew after a crash it counts anew."""
    run = _open(run_id, ImportStatus.DRAFT)
    if run is None or run.check_state != CheckState.RUNNING:
        return
    try:
        source, mapping = Source.of(storage.path_of(run)), _mapping(run)
        if run.place == Place.FOLDER:
            remember(run, source)
        listing = ErrorLog.of_check(run.pk)
        check = check_file(run.product, source, mapping, listing, lambda now: _tell_check(run, now))
    except Cancelled:
        ImportRun.objects.filter(pk=run_id).update(check_state=CheckState.STOPPED, problem=CANCELLED)
        raise
    except YunyingError as error:
        if not _given_up(error):
            raise
        ImportRun.objects.filter(pk=run_id).update(check_state=CheckState.STOPPED, problem=_record(error))
        return
    except Exception as error:
        ImportRun.objects.filter(pk=run_id).update(check_state=CheckState.STOPPED, problem=_ours(run, error))
        return
    report = check.to_json() | {"errors_file": listing.name}
    ImportRun.objects.filter(pk=run_id).update(check_state=CheckState.DONE, check_report=report)


@job(queue="heavy", label=_("Import a file"))
def carry_out_import(run_id: int, again: bool = True) -> None:
    """Import from the last checkpoint on. A problem with the file ends it; a store that is away is waited for.

    `again` imports a file that was imported with other choices before.
    """
    run = _open(run_id, ImportStatus.RUNNING)
    if run is None:
        return
    try:
        source, mapping = Source.of(storage.path_of(run)), _mapping(run)
        if not run.mapping and not _identified(run, source, mapping, again=again):
            return
        run_import(actor=SYSTEM, run=run, source=source, mapping=mapping, sink=shared_ingest(), tell=_tell_import)
    except Stopping:
        raise
    except Cancelled:
        note_cancelled(run)
        raise
    except YunyingError as error:
        if not _given_up(error):
            # It will be tried again by itself, so it has not stopped.
            ImportRun.objects.filter(pk=run_id).update(status=ImportStatus.RUNNING)
            raise
        ImportRun.objects.filter(pk=run_id).update(status=ImportStatus.STOPPED, problem=_record(error))
        return
    except Exception as error:
        ImportRun.objects.filter(pk=run_id).update(status=ImportStatus.STOPPED, problem=_ours(run, error))
        return
    storage.remove(run)


def _identified(run: ImportRun, source: Source, mapping: FileMapping, *, again: bool) -> bool:
    """Whether the file, read only now, is to be imported; else the import is a draft again that says why."""
    try:
        refuse_what_was_imported(run, source, mapping.digest, again=again)
    except Conflict as error:
        remember(run, source, status=ImportStatus.DRAFT, problem=_record(error))
        return False
    run.fingerprint, run.mapping = source.fingerprint, mapping.digest
    try:
        with transaction.atomic():
            run.save(update_fields=["fingerprint", "mapping"])
    except IntegrityError:
        # The command line began the same import between our look and our write; another try finds it.
        raise Unavailable("import.same", msg("The same file is being imported with the same choices.")) from None
    return True


@job(queue="heavy", label=_("Take an import back"))
def take_back_import(run_id: int) -> None:
    """Remove the events an import added. Harmless when repeated."""
    run = _open(run_id, ImportStatus.TAKING_BACK)
    if run is None:
        return
    shared().take_back(run.product_id, run.pk, noted=run.events + run.repeated)
    # The condition keeps a repeat after a crash from lowering the catalogue's counts twice.
    if ImportRun.objects.filter(pk=run_id, status=ImportStatus.TAKING_BACK).update(
        status=ImportStatus.TAKEN_BACK, finished_at=clock.now(), carry=None, rows_read=0, looked_at=""
    ):
        _lower_volumes(run)
    storage.remove(run)


@schedule("17 3 * * *", queue="heavy", label=_("Delete old files of imports"))
def sweep_imports() -> None:
    """Uploads of imports that rest for a week, and lists of faults after ninety days."""
    now = clock.now()
    resting = ImportRun.objects.filter(place=Place.UPLOAD, started_at__lt=now - KEPT_UPLOAD).exclude(stored="")
    for run in resting.exclude(status=ImportStatus.RUNNING).select_related("product"):
        storage.remove(run)
    drafts = ImportRun.objects.filter(status=ImportStatus.DRAFT, started_at__lt=now - KEPT_UPLOAD)
    drafts.filter(stored="").delete()
    storage.sweep(now - KEPT_UPLOAD, now - KEPT_ERRORS)


def note_cancelled(run: ImportRun) -> None:
    """Say in the import, or in its dry run, that somebody cancelled it."""
    working = ImportRun.objects.filter(pk=run.pk)
    working.filter(status=ImportStatus.RUNNING).update(status=ImportStatus.STOPPED)
    working.filter(check_state=CheckState.RUNNING).update(check_state=CheckState.STOPPED)
    working.update(problem=CANCELLED)


def _open(run_id: int, status: ImportStatus) -> ImportRun | None:
    return ImportRun.objects.select_related("product").filter(pk=run_id, status=status).first()


def _mapping(run: ImportRun) -> FileMapping:
    return parse(run.document or {})


def _tell_import(now: ImportProgress) -> None:
    progress(int(now.fraction * _PARTS), _PARTS)
    # Not for what it does, but because here a job hears that it is cancelled or that the process is going down.
    step(_breathe)


def _tell_check(run: ImportRun, now: Check) -> None:
    report: dict[str, Any] = now.to_json()
    ImportRun.objects.filter(pk=run.pk).update(check_report=report)
    progress(int(now.fraction * _PARTS), _PARTS)
    step(_breathe)


def _breathe() -> None:
    return None


def _given_up(error: YunyingError) -> bool:
    """Whether another try cannot help: the file or the mapping has to be changed."""
    return not isinstance(error, Unavailable) and (is_final(error) or isinstance(error, Conflict | LimitReached))


def _record(error: YunyingError) -> dict[str, Any]:
    data = dict(error.data)
    if "file" in data:
        # Where it lies on the server is nobody's business; the page links to it.
        data["file"] = Path(str(data["file"])).name
    return {"code": error.code, "message": error.message, "data": data}


def _ours(run: ImportRun, error: Exception) -> dict[str, Any]:
    """Another try would end the same; the log says where, without the text, which may quote the file."""
    log.error("import %d met an error of ours: %s", run.pk, record_of(error))
    return _record(Bug("import.bug", msg("Something went wrong inside the program. The log of the server says where.")))


def _lower_volumes(run: ImportRun) -> None:
    """The catalogue counts what came in; what was taken back did not."""
    from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, PropertyOf

    events = EventDefinition.objects.filter(product_id=run.product_id)
    properties = PropertyDefinition.objects.filter(product_id=run.product_id, of=PropertyOf.EVENT)
    for rows, counts in ((events, dict(run.names)), (properties, run.outcome.get("properties", {}))):
        for name, count in counts.items():
            rows.filter(name=name, volume__gte=count).update(volume=F("volume") - count)
    record(SYSTEM, "import.removed", ("import", run.pk, run.file_name), product_id=run.product_id)
    log.info("import %d was taken back", run.pk)

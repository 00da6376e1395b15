"""Commands on imports: bring a file, choose, check, start, cancel, take back."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.db import IntegrityError, transaction

from yunying.apps.tracking.importing import guessing, storage, tasks
from yunying.apps.tracking.importing.identity import OTHER_CHOICES, known_fingerprint, same_file
from yunying.apps.tracking.importing.ledger import Ledger
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import CheckState, ImportMapping, ImportRun, ImportStatus, Place
from yunying.apps.tracking.importing.plans import Plan, columns_digest, mapping_of, plan_from
from yunying.apps.tracking.importing.sniffing import Layout, Sample, sample, sniff
from yunying.base import clock
from yunying.base.errors import Conflict, InvalidInput, YunyingError, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs import enqueue
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.services import cancel_job
from yunying.platform.products.access import Permission, ProductAccess
from yunying.store import shared

__all__ = [
    "cancel",
    "check",
    "choose",
    "choose_document",
    "discard",
    "draft_from_folder",
    "draft_from_upload",
    "drop_mapping",
    "errors_file",
    "keep_mapping",
    "kept_for",
    "plan_of",
    "read_sample",
    "require_document",
    "settled",
    "start",
    "take_back",
    "use_mapping",
]

_AT_WORK = (ImportStatus.RUNNING, ImportStatus.TAKING_BACK)
_OPEN = (State.WAITING, State.RUNNING)
MAX_ERRORS = 1_000_000


def draft_from_upload(*, access: ProductAccess, upload: storage.Upload) -> ImportRun:
    """An import of a stored file, with guesses of what its columns are.

    Raises InvalidInput or LimitReached for a file that cannot be imported; it is deleted then.
    """
    access.require(Permission.MANAGE_DATA)
    run = ImportRun(file_name=upload.name, place=Place.UPLOAD, stored=upload.stored, size_bytes=upload.size_bytes)
    run.fingerprint = upload.fingerprint
    try:
        return _drafted(access, run)
    except YunyingError:
        run.product = access.product
        storage.remove(run)
        raise


def draft_from_folder(*, access: ProductAccess, relative: str) -> ImportRun:
    """An import of a file in the product's folder on the server; raises as `draft_from_upload` does, and NotFound."""
    access.require(Permission.MANAGE_DATA)
    path = storage.in_folder(access.product.slug, relative)
    size = path.stat().st_size
    return _drafted(access, ImportRun(file_name=path.name[:255], place=Place.FOLDER, stored=relative, size_bytes=size))


def _drafted(access: ProductAccess, run: ImportRun) -> ImportRun:
    run.product, run.status, run.started_by = access.product, ImportStatus.DRAFT, access.actor.name
    found = _looked_at(run)
    plan = guessing.guess_plan(found, guessing.guesses(found))
    kept = kept_for(access=access, columns=found.columns)
    plan = _fitting(kept[0], found.layout) if kept else plan
    run.plan = plan.to_json()
    with suppress(InvalidInput):
        # The columns may tell everything already; if not, people say the rest.
        run.document = mapping_of(plan)
    with transaction.atomic():
        run.save(force_insert=True)
        target = ("import", run.pk, run.file_name)
        record(access.actor, "import.brought", target, product_id=access.product.pk, after={"from": run.place})
    return run


def _looked_at(run: ImportRun) -> Sample:
    try:
        return sample(storage.path_of(run), sniff(storage.path_of(run)))
    except InvalidInput as error:
        # An upload lies under a name of ours; whoever sent it knows it by theirs.
        if "path" in error.data:
            error.data["path"] = run.file_name
        raise


def plan_of(run: ImportRun) -> Plan:
    """What is chosen for the columns of a draft. Raises Conflict for an import of the command line, which has none."""
    if run.plan is None:
        raise Conflict("import.no_plan", msg("This import has no choices of columns."))
    return plan_from(run.plan)


def read_sample(run: ImportRun, *, layout: Layout | None = None) -> Sample:
    """The first rows of an import's file, read as planned or as `layout` says."""
    chosen = layout or (plan_from(run.plan).layout if run.plan else sniff(storage.path_of(run)))
    return sample(storage.path_of(run), chosen)


def choose(*, access: ProductAccess, run: ImportRun, plan: Plan) -> None:
    """Keep what was chosen for the columns; a mapping that is not whole yet is kept too, but raises InvalidInput."""
    access.require(Permission.MANAGE_DATA)
    _require_draft(run)
    _keep(run, plan=plan.to_json(), document=None)
    document = mapping_of(plan)
    parse(document)
    _keep(run, plan=plan.to_json(), document=document)


def choose_document(*, access: ProductAccess, run: ImportRun, document: Mapping[str, Any]) -> None:
    """Take a whole mapping, as the command line does. Raises InvalidInput naming the entry at fault."""
    access.require(Permission.MANAGE_DATA)
    _require_draft(run)
    parse(document)
    if document.get("lookups"):
        raise InvalidInput(
            "import.lookups", msg("Side tables can only be used from the command line."), field="lookups"
        )
    _keep(run, plan=run.plan, document=dict(document))


def check(*, access: ProductAccess, run: ImportRun) -> None:
    """Start a dry run: the whole file is read and nothing is written. Raises Conflict unless it is a draft."""
    access.require(Permission.MANAGE_DATA)
    _require_draft(run)
    require_document(run)
    with transaction.atomic():
        # Of two who press the button at once, one starts the dry run.
        free = ImportRun.objects.filter(pk=run.pk).exclude(check_state=CheckState.RUNNING)
        if free.update(check_state=CheckState.RUNNING, check_report=None, problem={}):
            job = enqueue(tasks.check_import, key=str(run.pk), run_id=run.pk)
            ImportRun.objects.filter(pk=run.pk).update(check_job_id=job)
    run.refresh_from_db()


def start(*, access: ProductAccess, run: ImportRun, max_errors: int = 10_000, again: bool = False) -> ImportRun:
    """Start an import, or go on with one that was stopped. Returns the import that runs or has run.

    That is an earlier one when the very same file was brought in with the same mapping before: nothing is imported
    twice. Raises Conflict while another import of the product is running, and, without `again`, when the file was
    imported with another mapping. A file nobody has read yet is not read here: the job does, and finds the same.
    """
    access.require(Permission.MANAGE_DATA)
    require_document(run)
    if run.status not in (ImportStatus.DRAFT, ImportStatus.STOPPED):
        raise Conflict("import.not_open", msg("This import has been started already."))
    if not 0 <= max_errors <= MAX_ERRORS:
        raise InvalidInput(
            "import.max_errors", msg("Give a number from 0 to %(most)d."), field="max_errors", most=MAX_ERRORS
        )
    fingerprint, digest = known_fingerprint(run), tasks.digest_of(run)
    others = same_file(run, fingerprint) if fingerprint else []
    earlier = next((one for one in others if one.mapping == digest), None)
    if earlier is not None and earlier.status != ImportStatus.STOPPED:
        return earlier
    if earlier is None and others and not again:
        raise Conflict("import.other_choices", OTHER_CHOICES, field="again")
    try:
        with transaction.atomic():
            if earlier is not None:
                run = _handed_over(run, earlier)
            _begin(access, run, fingerprint, digest if fingerprint else "", max_errors, again=again)
    except IntegrityError as error:
        raise Conflict("import.same", msg("The same file is being imported with the same choices.")) from error
    run.refresh_from_db()
    return run


def _handed_over(draft: ImportRun, stopped: ImportRun) -> ImportRun:
    """Go on with an import that was stopped, with the file that was brought anew."""
    storage.remove(stopped)
    for name in ("place", "stored", "plan", "document"):
        setattr(stopped, name, getattr(draft, name))
    stopped.save(update_fields=["place", "stored", "plan", "document"])
    ImportRun.objects.filter(pk=draft.pk, status=ImportStatus.DRAFT).delete()
    return stopped


def _begin(
    access: ProductAccess, run: ImportRun, fingerprint: str, digest: str, max_errors: int, *, again: bool
) -> None:
    # The lock makes two that start imports of one product at once come one after the other.
    type(access.product).objects.select_for_update().get(pk=access.product.pk)
    if ImportRun.objects.filter(product=access.product, status__in=_AT_WORK).exclude(pk=run.pk).exists():
        raise Conflict(
            "import.another", msg("Another import of this product is running. Start this one when it has ended.")
        )
    open_ = ImportRun.objects.filter(pk=run.pk, status__in=(ImportStatus.DRAFT, ImportStatus.STOPPED))
    changes: dict[str, Any] = {"status": ImportStatus.RUNNING, "problem": {}, "max_errors": max_errors}
    if run.status == ImportStatus.DRAFT:
        changes |= {"fingerprint": fingerprint, "mapping": digest, "started_at": clock.now(), "outcome": {}}
        changes |= {"source": str((run.document or {}).get("source", ""))[:200]}
    if not open_.update(**changes):
        raise Conflict("import.not_open", msg("This import has been started already."))
    job = enqueue(tasks.carry_out_import, key=str(run.pk), run_id=run.pk, again=again)
    ImportRun.objects.filter(pk=run.pk).update(job_id=job, started_by=access.actor.name)
    verb = "import.started" if run.status == ImportStatus.DRAFT else "import.continued"
    record(access.actor, verb, ("import", run.pk, run.file_name), product_id=access.product.pk)


def cancel(*, access: ProductAccess, run: ImportRun) -> None:
    """Stop a dry run or an import behind the piece it is at. What an import has added until then stays."""
    access.require(Permission.MANAGE_DATA)
    # Half taken back is nothing to stop at.
    importing = run.job_id if run.status == ImportStatus.RUNNING else None
    for number in (run.check_job_id, importing):
        job = Job.objects.filter(pk=number, state__in=_OPEN).first() if number else None
        if job is None:
            continue
        waiting = job.state == State.WAITING
        with transaction.atomic():
            cancel_job(actor=access.actor, job_id=job.pk)
            if waiting:
                tasks.note_cancelled(run)
            target = ("import", run.pk, run.file_name)
            record(access.actor, "import.cancelled", target, product_id=access.product.pk)


def settled(run: ImportRun) -> ImportRun:
    """`run`, and if its job was given up it is a stopped import: nobody works on it any more."""
    ended = (State.FAILED, State.DISCARDED, State.CANCELLED)
    if run.status in _AT_WORK and Job.objects.filter(pk=run.job_id or 0, state__in=ended).exists():
        # The condition leaves an import alone that was started anew meanwhile.
        given_up = ImportRun.objects.filter(pk=run.pk, status=run.status, job_id=run.job_id)
        if given_up.update(status=ImportStatus.STOPPED, problem=run.problem or tasks.GIVEN_UP):
            run.refresh_from_db()
    return run


def errors_file(run: ImportRun) -> str:
    """Where the rows at fault are listed: those of the dry run of a draft, those of the import afterwards."""
    return (run.check_report or {}).get("errors_file", "") if run.status == ImportStatus.DRAFT else run.errors_file


def take_back(*, access: ProductAccess, run: ImportRun) -> None:
    """Remove the events an import added, in the background.

    Raises Conflict unless it is done or stopped, and when it is not on record which events it added.
    """
    access.require(Permission.MANAGE_DATA)
    if Ledger(shared(), run.product_id, run.pk).brought() < run.events:
        raise Conflict(
            "import.no_record",
            msg("Which events this import added is not on record here: it is older than this, or was restored."),
        )
    ended = ImportRun.objects.filter(pk=run.pk, status__in=(ImportStatus.DONE, ImportStatus.STOPPED))
    with transaction.atomic():
        if not ended.update(status=ImportStatus.TAKING_BACK, problem={}):
            raise Conflict("import.not_ended", msg("Only an import that is done or stopped can be taken back."))
        job = enqueue(tasks.take_back_import, key=str(run.pk), run_id=run.pk)
        ImportRun.objects.filter(pk=run.pk).update(job_id=job)
        target = ("import", run.pk, run.file_name)
        before = {"events": run.events}
        record(access.actor, "import.taken_back", target, product_id=access.product.pk, before=before)
    run.refresh_from_db()


def discard(*, access: ProductAccess, run: ImportRun) -> None:
    """Forget a draft and delete its uploaded file. Raises Conflict for an import that was started."""
    access.require(Permission.MANAGE_DATA)
    _require_draft(run)
    cancel(access=access, run=run)
    storage.remove(run)
    with transaction.atomic():
        record(access.actor, "import.discarded", ("import", run.pk, run.file_name), product_id=access.product.pk)
        ImportRun.objects.filter(pk=run.pk, status=ImportStatus.DRAFT).delete()


def keep_mapping(*, access: ProductAccess, name: str, plan: Plan) -> ImportMapping:
    """Keep choices under a name; the same name again replaces them. They are offered for files with these columns."""
    access.require(Permission.MANAGE_DATA)
    name = name.strip()
    if not name or len(name) > 100:
        raise InvalidInput("import.mapping_name", msg("Give a name of at most 100 characters."), field="keep_as")
    digest = columns_digest(one.name for one in plan.columns)
    values = {"columns": digest, "plan": plan.to_json(), "saved_by": access.actor.name, "saved_at": clock.now()}
    with transaction.atomic():
        kept, _new = ImportMapping.objects.update_or_create(product=access.product, name=name, defaults=values)
        target = ("import_mapping", kept.pk, kept.name)
        record(access.actor, "import.mapping_kept", target, product_id=access.product.pk)
    return kept


def drop_mapping(*, access: ProductAccess, kept: ImportMapping) -> None:
    """Forget a kept mapping; imports made with it stay."""
    access.require(Permission.MANAGE_DATA)
    with transaction.atomic():
        target = ("import_mapping", kept.pk, kept.name)
        record(access.actor, "import.mapping_dropped", target, product_id=access.product.pk)
        kept.delete()


def kept_for(*, access: ProductAccess, columns: list[str]) -> list[ImportMapping]:
    """Kept mappings for files with exactly these columns, newest first."""
    rows = ImportMapping.objects.filter(product=access.product, columns=columns_digest(columns))
    return list(rows.order_by("-saved_at"))


def use_mapping(*, access: ProductAccess, run: ImportRun, kept: ImportMapping) -> None:
    """Take the choices of a kept mapping over into a draft. Raises InvalidInput when they do not fit its columns."""
    access.require(Permission.MANAGE_DATA)
    _require_draft(run)
    choose(access=access, run=run, plan=_fitting(kept, read_sample(run).layout))


def _fitting(kept: ImportMapping, layout: Layout) -> Plan:
    """A kept plan for a file of its own encoding, separator and sheet."""
    plan = plan_from(kept.plan)
    return Plan(layout, plan.columns, plan.event, plan.source, plan.time_format, plan.zone, plan.uuids)


def _keep(run: ImportRun, **values: Any) -> None:
    """Another mapping makes the dry run of the last one worthless."""
    values |= {"check_state": CheckState.NONE, "check_report": None, "problem": {}}
    ImportRun.objects.filter(pk=run.pk, status=ImportStatus.DRAFT).update(**values)
    for name, value in values.items():
        setattr(run, name, value)


def _require_draft(run: ImportRun) -> None:
    if run.status != ImportStatus.DRAFT:
        raise Conflict("import.not_draft", msg("This import has been started, so its choices cannot be changed."))


def require_document(run: ImportRun) -> None:
    """Raises InvalidInput until it is said how rows become events."""
    if not run.document:
        raise InvalidInput("import.no_choices", msg("First say what the columns of the file are."), field="columns")

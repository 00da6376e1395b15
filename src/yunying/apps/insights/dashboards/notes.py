"""Commands on annotations: check → write → audit."""

from datetime import date
from typing import Any

from django.db import transaction

from yunying.apps.insights.dashboards.models import Annotation, Dashboard
from yunying.base.actor import ActorKind
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = ["annotate", "change_annotation", "delete_annotation"]

MOST_NOTES, LONGEST_TEXT = 5_000, 200


def annotate(
    *,
    access: ProductAccess,
    text: str,
    day: date,
    until: date | None = None,
    dashboard: Dashboard | None = None,
) -> Annotation:
    """Note something on a day, or on the days up to `until`. Raises InvalidInput with the field at fault."""
    access.require(Permission.EDIT_REPORTS)
    fields = _fields(text, day, until)
    with transaction.atomic():
        if Annotation.objects.filter(product=access.product).count() >= MOST_NOTES:
            text_ = msg("A product may have at most %(most)d annotations. Delete old ones.")
            raise LimitReached("annotation.many", text_, most=MOST_NOTES)
        note = Annotation.objects.create(
            product=access.product,
            dashboard=dashboard,
            created_by_id=access.actor.id if access.actor.kind == ActorKind.USER else None,
            **fields,
        )
        _record(access, "annotation.created", note, after=_facts(note))
    return note


def change_annotation(
    *,
    access: ProductAccess,
    annotation: Annotation,
    version: int,
    text: str,
    day: date,
    until: date | None = None,
    dashboard: Dashboard | None = None,
) -> Annotation:
    """Set all of it; `version` is the one the editor saw. Raises InvalidInput and Conflict."""
    access.require(Permission.EDIT_REPORTS)
    changes = _fields(text, day, until) | {"dashboard": dashboard}
    with transaction.atomic():
        before = _facts(annotation)
        write_version(annotation, version, changes)
        _record(access, "annotation.changed", annotation, before=before, after=_facts(annotation))
    return annotation


def delete_annotation(*, access: ProductAccess, annotation: Annotation) -> None:
    """Take the note off all charts."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        _record(access, "annotation.deleted", annotation, before=_facts(annotation))
        annotation.delete()


def _fields(text: str, day: date, until: date | None) -> dict[str, Any]:
    text = text.strip()
    if not text:
        raise InvalidInput("annotation.text", msg("Write what happened."), field="text")
    if len(text) > LONGEST_TEXT:
        long = msg("The text may have at most %(most)d characters.")
        raise InvalidInput("annotation.long", long, field="text", most=LONGEST_TEXT)
    if until is not None and until < day:
        raise InvalidInput("annotation.order", msg("The last day lies before the first."), field="until")
    return {"text": text, "day": day, "until": None if until == day else until}


def _record(access: ProductAccess, verb: str, note: Annotation, **facts: Any) -> None:
    record(access.actor, verb, ("annotation", note.pk, note.text[:100]), product_id=access.product.pk, **facts)


def _facts(note: Annotation) -> dict[str, Any]:
    until = note.until.isoformat() if note.until else ""
    return {"text": note.text, "day": note.day.isoformat(), "until": until, "dashboard": note.dashboard_id}

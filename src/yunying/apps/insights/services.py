"""Commands on reports and metrics: check → write → audit, in one transaction."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from yunying.apps.insights.answers import run_report
from yunying.apps.insights.models import Direction, Metric, Report, Unit, Window
from yunying.apps.insights.questions import checked_question
from yunying.apps.insights.words import chosen_look
from yunying.base.actor import ActorKind
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.engine import parse
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = [
    "create_metric",
    "create_report",
    "delete_metric",
    "delete_report",
    "run_report",
    "update_metric",
    "update_report",
]

LONGEST_NAME, LONGEST_DESCRIPTION = 120, 5_000


def create_report(
    *, access: ProductAccess, name: str, spec: Mapping[str, Any], description: str = "", look: str = ""
) -> Report:
    """Save a query and how it is drawn. Raises InvalidInput for what cannot be kept, NotAllowed without the right."""
    access.require(Permission.EDIT_REPORTS)
    asked = parse(dict(spec)).to_json()
    with transaction.atomic():
        report = Report.objects.create(
            product=access.product,
            name=checked_name(name),
            description=checked_text(description),
            kind=asked["kind"],
            spec=asked,
            look=_checked_look(asked["kind"], look),
            owner_id=_owner_id(access),
        )
        record(access.actor, "report.created", _target(report), product_id=access.product.pk, after=_facts(report))
    return report


def update_report(
    *,
    access: ProductAccess,
    report: Report,
    version: int,
    name: str | None = None,
    spec: Mapping[str, Any] | None = None,
    description: str | None = None,
    look: str | None = None,
) -> Report:
    """Change what is given; `version` is the one the editor saw. Raises Conflict when somebody else was faster."""
    access.require(Permission.EDIT_REPORTS)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = checked_name(name)
    if description is not None:
        changes["description"] = checked_text(description)
    if spec is not None:
        asked = parse(dict(spec)).to_json()
        changes |= {"spec": asked, "kind": asked["kind"]}
        # Another kind of question is drawn in other ways.
        changes |= {"look": ""} if asked["kind"] != report.kind else {}
    if look is not None:
        changes["look"] = _checked_look(changes.get("kind", report.kind), look)
    with transaction.atomic():
        before = _facts(report)
        write_version(report, version, changes)
        record(
            access.actor,
            "report.changed",
            _target(report),
            product_id=access.product.pk,
            before=before,
            after=_facts(report),
        )
    return report


def delete_report(*, access: ProductAccess, report: Report) -> None:
    """Remove a saved query. Metrics pinned from it stay: they carry the question themselves."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        record(access.actor, "report.deleted", _target(report), product_id=access.product.pk, before=_facts(report))
        report.delete()


def create_metric(
    *,
    access: ProductAccess,
    name: str,
    spec: Mapping[str, Any],
    unit: str,
    direction: str,
    window: str,
    line: str = "",
    currency: str = "",
    description: str = "",
) -> Metric:
    """Pin a trends query as a metric. Raises InvalidInput (what to change) and Conflict (the name is taken)."""
    access.require(Permission.EDIT_REPORTS)
    fields = _metric_fields(access, unit=unit, direction=direction, window=window, currency=currency)
    fields["question"] = checked_question(spec, line=line, window=fields["window"])
    with transaction.atomic():
        metric = Metric(
            product=access.product,
            name=checked_name(name),
            description=checked_text(description),
            owner_id=_owner_id(access),
            **fields,
        )
        _insert(metric)
        record(access.actor, "metric.created", _target(metric), product_id=access.product.pk, after=_facts(metric))
    return metric


def update_metric(
    *,
    access: ProductAccess,
    metric: Metric,
    version: int,
    name: str | None = None,
    description: str | None = None,
    spec: Mapping[str, Any] | None = None,
    line: str = "",
    unit: str | None = None,
    direction: str | None = None,
    window: str | None = None,
    currency: str | None = None,
) -> Metric:
    """Change what is given. Raises InvalidInput, and Conflict on a taken name or when somebody else was faster."""
    access.require(Permission.EDIT_REPORTS)
    changes: dict[str, Any] = _metric_fields(
        access,
        unit=metric.unit if unit is None else unit,
        direction=metric.direction if direction is None else direction,
        window=metric.window if window is None else window,
        currency=metric.currency if currency is None else currency,
    )
    changes["question"] = checked_question(spec or metric.question, line=line, window=changes["window"])
    if name is not None:
        changes["name"] = checked_name(name)
    if description is not None:
        changes["description"] = checked_text(description)
    with transaction.atomic():
        before = _facts(metric)
        _refuse_taken_name(metric, changes.get("name", metric.name))
        try:
            with transaction.atomic():
                write_version(metric, version, changes)
        except IntegrityError:
            # Another request took the name between our look and our write.
            raise _taken(changes["name"]) from None
        record(
            access.actor,
            "metric.changed",
            _target(metric),
            product_id=access.product.pk,
            before=before,
            after=_facts(metric),
        )
    return metric


def delete_metric(*, access: ProductAccess, metric: Metric) -> None:
    """Remove a metric. Raises Conflict while something is bound to it."""
    access.require(Permission.EDIT_REPORTS)
    target, before = _target(metric), _facts(metric)
    try:
        with transaction.atomic():
            metric.delete()
            record(access.actor, "metric.deleted", target, product_id=access.product.pk, before=before)
    except ProtectedError:
        raise Conflict(
            "metric.in_use",
            msg("Goals or the driver tree use this metric. Take it out there first, or keep the metric."),
        ) from None


def checked_name(name: str) -> str:
    """`name` without space around it. Raises InvalidInput when it is empty or too long."""
    name = name.strip()
    if not name:
        raise InvalidInput("name.empty", msg("Give it a name."), field="name")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(
            "name.long", msg("The name may have at most %(most)d characters."), field="name", most=LONGEST_NAME
        )
    return name


def _checked_look(kind: str, look: str) -> str:
    found = chosen_look(kind, look)
    if found is None:
        raise InvalidInput("report.look", msg("Choose one of the offered values."), field="look")
    return found


def checked_text(text: str) -> str:
    """`text` without space around it. Raises InvalidInput when it is too long."""
    if len(text) > LONGEST_DESCRIPTION:
        raise InvalidInput(
            "description.long",
            msg("The description may have at most %(most)d characters."),
            field="description",
            most=LONGEST_DESCRIPTION,
        )
    return text.strip()


def _metric_fields(access: ProductAccess, *, unit: str, direction: str, window: str, currency: str) -> dict[str, Any]:
    for field, value, choices in (
        ("unit", unit, Unit),
        ("direction", direction, Direction),
        ("window", window, Window),
    ):
        if value not in choices.values:
            raise InvalidInput("metric.choice", msg("Choose one of the offered values."), field=field)
    money = (currency.strip().upper() or access.product.currency) if unit == Unit.MONEY else ""
    if unit == Unit.MONEY and not re.fullmatch(r"[A-Z]{3}", money):
        raise InvalidInput("metric.currency", msg("A currency is three letters, such as CNY or EUR."), field="currency")
    return {"unit": unit, "direction": direction, "window": Window(window), "currency": money}


def _insert(metric: Metric) -> None:
    _refuse_taken_name(metric, metric.name)
    try:
        with transaction.atomic():
            metric.save(force_insert=True)
    except IntegrityError:
        # Another request took the name between our look and our write.
        raise _taken(metric.name) from None


def _refuse_taken_name(metric: Metric, name: str) -> None:
    if Metric.objects.filter(product_id=metric.product_id, name=name).exclude(pk=metric.pk).exists():
        raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict("metric.name_taken", msg("There is already a metric called “%(name)s”."), field="name", name=name)


def _owner_id(access: ProductAccess) -> int | None:
    return access.actor.id if access.actor.kind == ActorKind.USER else None


def _target(row: Report | Metric) -> tuple[str, int, str]:
    return ("report" if isinstance(row, Report) else "metric", row.pk, row.name)


def _facts(row: Report | Metric) -> dict[str, Any]:
    if isinstance(row, Report):
        return {"name": row.name, "description": row.description, "spec": row.spec, "look": row.look}
    return {
        "name": row.name,
        "description": row.description,
        "question": row.question,
        "unit": row.unit,
        "currency": row.currency,
        "direction": row.direction,
        "window": str(row.window),
    }

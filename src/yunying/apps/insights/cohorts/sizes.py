"""How many belong to a cohort, kept day by day. A count that failed is kept with its reason."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Q

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts.known import definition_of
from yunying.apps.insights.cohorts.models import Cohort, CohortSize
from yunying.apps.tracking.services import note_question
from yunying.base import clock, zones
from yunying.base.errors import YunyingError
from yunying.engine import Context
from yunying.engine import cohorts as engine

__all__ = ["SizePoint", "count", "due", "fill", "history_of", "recent_of"]

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(hours=1)
KEPT_DAYS, FILLED_DAYS = 400, 30


@dataclass(frozen=True, slots=True)
class SizePoint:
    """The size at the end of a day; `whole` is False for today."""

    day: date
    size: int
    whole: bool


def due(limit: int = 300) -> list[int]:
    """Cohorts that were not counted within the last hour, the longest waiting first."""
    stale = Q(size_at=None) | Q(size_at__lt=clock.now() - STALE_AFTER)
    rows = Cohort.objects.filter(stale, product__archived_at=None)
    return list(rows.order_by("size_at", "pk").values_list("pk", flat=True)[:limit])


def count(cohort: Cohort) -> None:
    """Count the members now, and keep the size of today; a failure is kept with its reason instead of the number."""
    now = clock.now()
    try:
        size = engine.size(definition_of(cohort), context_for(cohort.product))
    except YunyingError as error:
        log.warning("cohort %s could not be counted: %s", cohort.pk, error.code)
        cohort.problem = {"code": error.code, "message": error.message, "data": _plain(error.data)}
        cohort.size_at = now
        Cohort.objects.filter(pk=cohort.pk).update(problem=cohort.problem, size_at=now)
        return
    note_question(cohort.product_id, cohort.definition)
    cohort.size, cohort.size_at, cohort.problem = size, now, {}
    Cohort.objects.filter(pk=cohort.pk).update(size=size, size_at=now, problem={})
    _keep(cohort, now.astimezone(cohort.product.zone).date(), size)


def _plain(data: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in data.items() if isinstance(value, str | int | float)}


def _keep(cohort: Cohort, day: date, size: int) -> None:
    defaults = {"size": size, "definition_version": cohort.version}
    CohortSize.objects.update_or_create(cohort_id=cohort.pk, day=day, defaults=defaults)


def fill(cohort: Cohort) -> int:
    """Work out the sizes at the end of the last days that are missing; how many were. Raises what the engine raises.

    Whatever day the program was down or the cohort did not exist yet: what counts is what is missing.
    """
    context, cohort_is = context_for(cohort.product), definition_of(cohort)
    today = context.now.astimezone(context.zone).date()
    # A list is what it is since it was made; before that there was none.
    first = today - timedelta(days=FILLED_DAYS)
    if cohort.is_list:
        first = max(first, cohort.created_at.astimezone(context.zone).date())
    wanted = {first + timedelta(days=i) for i in range((today - first).days)}
    known = set(CohortSize.objects.filter(cohort=cohort, day__gte=first).values_list("day", flat=True))
    for day in sorted(wanted - known):
        _keep(cohort, day, engine.size(cohort_is, _at_end_of(day, context)))
    CohortSize.objects.filter(cohort=cohort, day__lt=today - timedelta(days=KEPT_DAYS)).delete()
    return len(wanted - known)


def _at_end_of(day: date, context: Context) -> Context:
    return replace(context, until=zones.day_start(day + timedelta(days=1), context.zone))


def history_of(cohort: Cohort, days: int = KEPT_DAYS) -> tuple[SizePoint, ...]:
    """The kept sizes, the oldest first. One query."""
    return recent_of([cohort], days).get(cohort.pk, ())


def recent_of(cohorts: Iterable[Cohort], days: int = 30) -> dict[int, tuple[SizePoint, ...]]:
    """The kept sizes of the last days by cohort, the oldest first. One query."""
    every = list(cohorts)
    if not every:
        return {}
    today = clock.now().astimezone(every[0].product.zone).date()
    rows = CohortSize.objects.filter(cohort__in=every, day__gt=today - timedelta(days=days)).order_by("day")
    found: dict[int, list[SizePoint]] = {}
    for key, day, size in rows.values_list("cohort_id", "day", "size"):
        found.setdefault(key, []).append(SizePoint(day, size, day < today))
    return {key: tuple(points) for key, points in found.items()}

"""The latest periods of every metric, kept beside it so that lists need no engine, and what changed in them."""

import logging
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.db.models import Q

from yunying.apps.insights.freshness import reach_of
from yunying.apps.insights.models import Direction, Metric, Window
from yunying.apps.insights.readings import MetricPoint, metric_recent
from yunying.base import clock
from yunying.base.errors import YunyingError

__all__ = ["Change", "due_for_refresh", "period_of", "points_of", "refresh", "try_to_refresh", "what_changed"]

log = logging.getLogger(__name__)

# Enough periods to look a week, a year and a year back, and to know how much a metric moves anyway.
COUNTS = {Window.DAY: 29, Window.WEEK: 54, Window.MONTH: 14}
STALE_AFTER = timedelta(minutes=12)


def period_of(metric: Metric) -> Window:
    """The whole period by which changes of the metric are told; totals are looked at by weeks."""
    return Window.WEEK if metric.window == Window.TOTAL else Window(metric.window)


def due_for_refresh(limit: int = 500) -> list[int]:
    """Metrics whose latest periods are missing or old, the longest waiting first."""
    stale = Q(recent_at=None) | Q(recent_at__lt=clock.now() - STALE_AFTER)
    return list(Metric.objects.filter(stale).order_by("recent_at", "id").values_list("pk", flat=True)[:limit])


def refresh(metric: Metric) -> None:
    """Read the latest whole periods anew, as far as the data reach. One engine query. Raises what the engine raises."""
    as_of = reach_of(metric.product)
    points = metric_recent(metric.product, metric, count=COUNTS[period_of(metric)], as_of=as_of) if as_of else ()
    metric.recent = [[point.on.isoformat(), point.value] for point in points]
    metric.recent_at = clock.now()
    Metric.objects.filter(pk=metric.pk).update(recent=metric.recent, recent_at=metric.recent_at)


def try_to_refresh(metric: Metric) -> bool:
    """`refresh`, but an engine that cannot answer now is only noted; False then."""
    try:
        refresh(metric)
    except YunyingError as error:
        log.warning("metric %s could not be read: %s", metric.pk, error.code)
        return False
    return True


def points_of(metric: Metric) -> tuple[MetricPoint, ...]:
    """The kept latest periods, the oldest first."""
    return tuple(MetricPoint(date.fromisoformat(on), value) for on, value in metric.recent)


@dataclass(frozen=True, slots=True)
class Change:
    """The last whole period of a metric, the one before, and the same one of the last cycle.

    The cycle is a week for days and a year for weeks and months. `relevance` is the change in units of what is
    usual for this metric: 1 is an ordinary change. `good` is None when nothing changed.
    """

    metric: Metric
    on: date
    value: float | None
    before: float | None
    cycle_before: float | None
    change: float | None
    cycle_change: float | None
    relevance: float
    good: bool | None
    trend: tuple[float | None, ...]


def what_changed(metric: Metric) -> Change | None:
    """How the metric's last whole period differs from earlier ones; None while there are not two periods."""
    points = points_of(metric)
    if len(points) < 2:
        return None
    values = [point.value for point in points]
    value, before = values[-1], values[-2]
    back = {Window.DAY: 7, Window.WEEK: 52, Window.MONTH: 12}[period_of(metric)]
    cycle_before = values[-1 - back] if len(values) > back else None
    moved = None if value is None or before is None or value == before else value > before
    return Change(
        metric=metric,
        on=points[-1].on,
        value=value,
        before=before,
        cycle_before=cycle_before,
        change=_share(before, value),
        cycle_change=_share(cycle_before, value),
        relevance=_relevance(values),
        good=None if moved is None else moved == (metric.direction == Direction.UP),
        trend=tuple(values[-26:]),
    )


def _share(before: float | None, after: float | None) -> float | None:
    return None if not before or after is None else (after - before) / abs(before)


def _relevance(values: Sequence[float | None]) -> float:
    """The last step in units of the median of the earlier steps' sizes; 0 without a last step."""
    steps = [abs(b - a) for a, b in pairwise(values) if a is not None and b is not None]
    if not steps or values[-1] is None or values[-2] is None:
        return 0.0
    usual = statistics.median(steps[:-1]) if len(steps) > 1 else 0.0
    return steps[-1] / (usual or max(abs(values[-2]), 1.0))

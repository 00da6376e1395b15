"""Taking readings: the whole history of a key result is read anew each time, so late events correct it too."""

import logging
import math
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from yunying.apps.goals.definitions import definition_in_force
from yunying.apps.goals.facts import KeyResultStood
from yunying.apps.goals.guardrails import breach_in
from yunying.apps.goals.models import KeyResult, Reading, Status
from yunying.apps.goals.progress import beyond
from yunying.apps.goals.standing import lags_of, today_in, verdict_of
from yunying.apps.insights.selectors import MetricPoint, Window, metric_history
from yunying.base import clock
from yunying.base.errors import YunyingError
from yunying.platform.jobs.facts import publish

__all__ = ["due_for_reading", "not_read_yet", "take_readings", "try_to_read"]

log = logging.getLogger(__name__)

_OF_BREACH = ["broken_since", "broken_until", "worst", "worst_on"]

# The hourly sweep must not skip what it read a little less than an hour ago.
STALE_AFTER = timedelta(minutes=50)


def due_for_reading(limit: int = 1_000) -> list[int]:
    """Key results of open goals whose newest reading is missing or old, the longest waiting first."""
    stale = Q(read_at=None) | Q(read_at__lt=clock.now() - STALE_AFTER)
    rows = KeyResult.objects.filter(stale, goal__status=Status.OPEN).order_by("read_at", "id")
    return list(rows.values_list("pk", flat=True)[:limit])


def not_read_yet(limit: int = 200) -> list[int]:
    """Key results set within the hour, such as by a sheet or a new cycle, whose first reading nobody has tried."""
    lately = clock.now() - timedelta(hours=1)
    rows = KeyResult.objects.filter(read_at=None, error="", created_at__gt=lately, goal__status=Status.OPEN)
    return list(rows.order_by("id").values_list("pk", flat=True)[:limit])


def try_to_read(key_result: KeyResult) -> bool:
    """Take readings; when the engine cannot answer now, note its reason on the key result and return False."""
    try:
        take_readings(key_result)
    except YunyingError as error:
        log.warning("key result %s could not be read: %s", key_result.pk, error.code)
        key_result.error, key_result.error_text = error.code[:300], error.message
        key_result.error_data = {name: str(value) for name, value in error.data.items()}
        failed = {name: getattr(key_result, name) for name in ("error", "error_text", "error_data")}
        KeyResult.objects.filter(pk=key_result.pk).update(**failed)
        return False
    return True


def take_readings(key_result: KeyResult) -> None:
    """Read the metric from the key result's start until today or its due day, and keep every point.

    When the metric's definition or the start changed, the readings so far become past ones. One engine query, at
    most one point a day. Raises what the engine raises. Doing it twice changes nothing.
    """
    product = key_result.goal.product
    until = min(today_in(product.timezone), key_result.due)
    points = metric_history(product, key_result.metric, key_result.start, until)
    points = tuple(replace(point, value=_finite(point.value)) for point in points)
    with transaction.atomic():
        definition_in_force(key_result)
        _keep(key_result, points)
        _note_newest(key_result, points)


def _finite(value: float | None) -> float | None:
    """What is no number, or too large for one, is no reading."""
    return value if value is not None and math.isfinite(value) else None


def _keep(key_result: KeyResult, points: tuple[MetricPoint, ...]) -> None:
    now = clock.now()
    Reading.objects.filter(key_result=key_result).exclude(on__in=[point.on for point in points]).delete()
    # Two readers at once write the same days: the later value wins, neither fails.
    Reading.objects.bulk_create(
        [Reading(key_result=key_result, on=point.on, value=point.value, taken_at=now) for point in points],
        update_conflicts=True,
        unique_fields=["key_result", "on"],
        update_fields=["value", "taken_at"],
        batch_size=500,
    )


def _note_newest(key_result: KeyResult, points: tuple[MetricPoint, ...]) -> None:
    newest = points[-1] if points else None
    before = key_result.standing
    key_result.value = newest.value if newest else None
    key_result.read_on = newest.on if newest else None
    key_result.read_at = clock.now()
    key_result.inside, key_result.counted = _within(key_result, points)
    _note_breach(key_result, points)
    key_result.error, key_result.error_text, key_result.error_data = "", "", {}
    key_result.standing = verdict_of(key_result, key_result.goal.product.timezone).standing.value
    fields = ["value", "read_on", "read_at", "inside", "counted", "error", "error_text", "error_data", "standing"]
    fields += _OF_BREACH
    # Only the first of two readers at once sees the old standing, so the change is told once.
    told = KeyResult.objects.filter(pk=key_result.pk, standing=before)
    changed = told.update(**{field: getattr(key_result, field) for field in fields})
    if changed and before and before != key_result.standing:
        goal = key_result.goal
        publish(KeyResultStood(goal.product_id, goal.pk, key_result.pk, before, key_result.standing))


def _note_breach(key_result: KeyResult, points: tuple[MetricPoint, ...]) -> None:
    """Whether a guardrail did not hold at some time since its start, since when, and how far."""
    found = None
    if key_result.guardrail:
        readings = [(point.on, point.value) for point in points if point.on >= key_result.start]
        found = breach_in(
            [(on, value) for on, value in readings if value is not None],
            low=key_result.low,
            high=key_result.high,
            tolerance=lags_of(key_result).on_track,
            newest_only=key_result.metric.window == Window.TOTAL,
        )
    key_result.broken_since = found.since if found else None
    key_result.broken_until = found.until if found else None
    key_result.worst = found.worst if found else None
    key_result.worst_on = found.worst_on if found else None


def _within(key_result: KeyResult, points: tuple[MetricPoint, ...]) -> tuple[int, int]:
    """How many of the readings in the key result's time lie within its limits, and how many there are."""
    values = [point.value for point in points if point.on >= key_result.start and point.value is not None]
    if key_result.low is None and key_result.high is None:
        return 0, len(values)
    most = lags_of(key_result).on_track
    away = (beyond(key_result.low, key_result.high, value)[0] for value in values)
    return sum(1 for one in away if one is not None and one <= most), len(values)

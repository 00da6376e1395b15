"""What the readings of a key result were computed by, and what becomes of them when that changes."""

import hashlib
import json

from django.db.models import F, Q

from yunying.apps.goals.forecasts import forget_forecasts
from yunying.apps.goals.models import Definition, KeyResult, PastReading, Reading, Status

__all__ = ["definition_in_force", "metrics_to_recompute", "to_recompute"]


def definition_in_force(key_result: KeyResult) -> Definition:
    """The definition that the metric and the start give now; made when there is none like it yet.

    With a new one the readings so far become past readings of the old one. Call inside a transaction; the key
    result's row is locked, so that two readers at once make one definition.
    """
    row = KeyResult.objects.select_for_update(of=("self",)).select_related("definition").get(pk=key_result.pk)
    old, mark = row.definition, _fingerprint(key_result)
    if old is not None and old.fingerprint == mark:
        # The metric's name or unit changed, not what is asked.
        Definition.objects.filter(pk=old.pk).update(metric_version=key_result.metric.version)
        return old
    new = Definition.objects.create(
        key_result=key_result,
        number=old.number + 1 if old else 1,
        metric_version=key_result.metric.version,
        fingerprint=mark,
        question=key_result.metric.question,
        window=key_result.metric.window,
        start=key_result.start,
    )
    if old is not None:
        _supersede(key_result, old)
        forget_forecasts(key_result)
    KeyResult.objects.filter(pk=key_result.pk).update(definition=new)
    key_result.definition = new
    return new


def to_recompute() -> Q:
    """Which key results of open goals were read by a definition that is not in force any more."""
    changed = ~Q(metric__version=F("definition__metric_version")) | ~Q(start=F("definition__start"))
    return Q(goal__status=Status.OPEN, definition__isnull=False) & changed


def metrics_to_recompute() -> list[int]:
    """The metrics of those key results."""
    return list(KeyResult.objects.filter(to_recompute()).order_by().values_list("metric_id", flat=True).distinct())


def _fingerprint(key_result: KeyResult) -> str:
    metric = key_result.metric
    asked = [metric.question, str(metric.window), key_result.start.isoformat()]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _supersede(key_result: KeyResult, old: Definition) -> None:
    rows = Reading.objects.filter(key_result=key_result)
    past = [PastReading(definition=old, on=one.on, value=one.value, taken_at=one.taken_at) for one in rows]
    PastReading.objects.bulk_create(past, batch_size=500, ignore_conflicts=True)
    rows.delete()

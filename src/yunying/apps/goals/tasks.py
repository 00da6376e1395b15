"""Background work on goals: readings on time, how goals stood day by day, and readings by a new definition."""

from django.utils.translation import gettext_lazy as _

from yunying.apps.goals import digest, forecasts, reminders, telling  # noqa: F401 - declares their jobs
from yunying.apps.goals.days import note_days
from yunying.apps.goals.definitions import metrics_to_recompute, to_recompute
from yunying.apps.goals.models import KeyResult
from yunying.apps.goals.readings import due_for_reading, not_read_yet, try_to_read
from yunying.platform.jobs import cancelled, enqueue, job, progress, schedule

__all__ = ["read_due_key_results", "read_new_key_results", "recompute", "recompute_what_changed"]


@schedule("7 * * * *", label=_("Read key results"))
def read_due_key_results() -> None:
    """Every hour: read all key results of open goals that were not read within the hour, and note how goals stand.

    It looks for what needs a reading instead of being told, so a lost run is made up for by the next one.
    """
    _read(due_for_reading())
    note_days()


@schedule("*/2 * * * *", label=_("Read new key results"))
def read_new_key_results() -> None:
    """Every other minute: take the first reading of what was set without one; pages take it at once."""
    _read(not_read_yet())


def _read(numbers: list[int]) -> None:
    rows = KeyResult.objects.select_related("goal__product", "metric").in_bulk(numbers)
    for key_result in rows.values():
        try_to_read(key_result)


@schedule("*/2 * * * *", label=_("Find changed definitions"))
def recompute_what_changed() -> None:
    """Every other minute: start a job for each metric whose definition changed since its key results were read."""
    for metric_id in metrics_to_recompute():
        enqueue(recompute, metric_id=metric_id, key=f"goals.recompute:{metric_id}")


@job(retries=5, label=_("Compute readings again"))
def recompute(metric_id: int) -> None:
    """Read the key results of a metric by its new definition, from their first day on; old readings are kept aside.

    A second run finds nothing left to do. One engine query per key result.
    """
    rows = KeyResult.objects.filter(to_recompute(), metric_id=metric_id)
    waiting = list(rows.select_related("goal__product", "metric"))
    for done, key_result in enumerate(waiting, start=1):
        if cancelled():
            return
        try_to_read(key_result)
        progress(done, len(waiting))
    note_days()

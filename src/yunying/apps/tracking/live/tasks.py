"""Background work on refused events."""

from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.live import alerts, caps, senders
from yunying.platform.jobs import enqueue, job, schedule

__all__ = ["alerts", "take_waiting", "trim_quarantine"]


@schedule("*/10 * * * *", label=_("Keep the refused events within their caps"))
def trim_quarantine() -> None:
    """Every ten minutes: what is over the caps goes, the oldest first."""
    caps.trim()


@job(queue="heavy", label=_("Take what waited under a name"))
def take_waiting(product_id: int, protocol: str, name: str) -> None:
    """A part of what waited, then the next one."""
    if senders.take_waiting(product_id, protocol, name).left:
        enqueue(take_waiting, key=f"{protocol}:{name}", product_id=product_id, protocol=protocol, name=name)

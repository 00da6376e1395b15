"""What changed, in words: every number with its sign, and whether that is better or worse."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from yunying.apps.insights.selectors import Change, Direction, compared_with, metric_card, period_name, shown
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import NumberCard

__all__ = ["ChangeCard", "Comparison", "change_cards"]

# Changes of less than this are told as none.
FLAT = 0.0005


@dataclass(frozen=True, slots=True)
class Comparison:
    """`text` is a whole statement such as “+8.2% against the week before”; `verdict` is good, bad or empty."""

    text: str
    verdict: str
    word: str
    icon: str


@dataclass(frozen=True, slots=True)
class ChangeCard:
    """A metric's last whole period beside earlier ones."""

    card: NumberCard
    value: str
    period: str
    comparisons: tuple[Comparison, ...]


def change_cards(access: ProductAccess, changes: list[Change]) -> list[ChangeCard]:
    """The changes as the page shows them."""
    return [_card(access, change) for change in changes]


def _card(access: ProductAccess, change: Change) -> ChangeCard:
    metric = change.metric
    before, cycle = compared_with(metric)
    told = [
        _comparison(share, label, metric.direction)
        for share, label in ((change.change, before), (change.cycle_change, cycle))
        if share is not None
    ]
    period = _("%(period)s, until %(day)s") % {"period": period_name(metric), "day": formats.date(change.on)}
    value = shown(change.value, metric.unit, metric.currency)
    return ChangeCard(metric_card(access, metric), value, period, tuple(told))


def _comparison(share: float, label: str, direction: str) -> Comparison:
    if abs(share) < FLAT:
        return Comparison(_("no change %(label)s") % {"label": label}, "", "", "minus")
    sign = "+" if share > 0 else "−"
    text = f"{sign}{formats.percent(abs(share))} {label}"
    good = (share > 0) == (direction == Direction.UP)
    icon = "trending-up" if share > 0 else "trending-down"
    return Comparison(text, "good" if good else "bad", _("better") if good else _("worse"), icon)

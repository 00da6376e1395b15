"""What a cycle is called and when it begins and ends; how all its goals stand together."""

from dataclasses import dataclass
from datetime import date, timedelta

from yunying.apps.goals.models import Cycle, CycleKind
from yunying.apps.goals.progress import together
from yunying.apps.goals.standing import GoalCard, brought
from yunying.apps.goals.tree import forest
from yunying.platform.products.access import ProductAccess

__all__ = ["CycleCard", "Proposal", "cycle_cards", "proposed"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A cycle as it is offered; both days belong to it."""

    name: str
    kind: str
    start: date
    due: date


def proposed(kind: str, day: date) -> Proposal:
    """The quarter or half year that holds `day`; own dates begin on it and last ninety days."""
    if kind == CycleKind.OWN:
        return Proposal("", kind, day, day + timedelta(days=89))
    months = 3 if kind == CycleKind.QUARTER else 6
    place = (day.month - 1) // months
    start = date(day.year, place * months + 1, 1)
    name = f"{day.year} {'Q' if months == 3 else 'H'}{place + 1}"
    return Proposal(name, kind, start, _month_after(start, months) - timedelta(days=1))


def _month_after(start: date, months: int) -> date:
    whole = start.year * 12 + start.month - 1 + months
    return date(whole // 12, whole % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class CycleCard:
    """A cycle with its goals as they stand. `progress` weighs them; a closed goal brings its score."""

    cycle: Cycle
    cards: tuple[GoalCard, ...]

    @property
    def progress(self) -> float | None:
        return together((brought(card), card.goal.weight) for card in self.cards)

    @property
    def open_count(self) -> int:
        return sum(1 for card in self.cards if card.is_open)

    @property
    def count(self) -> int:
        return len(self.cards)


def cycle_cards(access: ProductAccess) -> list[CycleCard]:
    """The product's cycles, the newest first, with their goals. Three queries."""
    cards = [card for card in forest(access).cards.values() if card.goal.product_id == access.product.pk]
    return [
        CycleCard(cycle, tuple(card for card in cards if card.goal.cycle_id == cycle.pk))
        for cycle in Cycle.objects.filter(product=access.product)
    ]

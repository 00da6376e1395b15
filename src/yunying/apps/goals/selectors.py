"""Reading goals."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects

from yunying.apps.goals.models import Goal, KeyResult, Reading
from yunying.apps.goals.outlooks import with_forecast
from yunying.apps.goals.progress import Standing
from yunying.apps.goals.reminders import DueCheckIn, check_ins_due
from yunying.apps.goals.standing import GoalCard, KeyResultCard, card_of
from yunying.apps.goals.tree import Branch, Forest, forest, may_see
from yunying.platform.products.access import ProductAccess

__all__ = [
    "Branch",
    "DueCheckIn",
    "Forest",
    "GoalCard",
    "at_risk",
    "card_for",
    "cards",
    "check_ins_due",
    "children",
    "forest",
    "key_result_card",
    "readings_of",
    "top_cards",
]


def cards(access: ProductAccess, *, closed: bool = False, trees: Forest | None = None) -> list[GoalCard]:
    """The product's open goals by due day, or the closed ones, newest first. Three queries, or none with `trees`."""
    found = [card for card in (trees or forest(access)).cards.values() if card.goal.product_id == access.product.pk]
    rows = [card for card in found if card.is_open != closed]
    # A closed goal has its time of closing: the database says so.
    key = (lambda card: -card.goal.closed_at.timestamp()) if closed else (lambda card: (card.goal.due, card.goal.pk))
    return sorted(rows, key=key)


def top_cards(access: ProductAccess, trees: Forest | None = None) -> list[GoalCard]:
    """The open goals at the top of the product's tree, wide ones first. Three queries, or none with `trees`."""
    return [branch.card for branch in (trees or forest(access)).branches(access) if branch.card.is_open]


def at_risk(goals: Sequence[GoalCard]) -> list[GoalCard]:
    """Of these goals the ones in danger by their status or their forecast, the worst first. No query.

    A goal that is in danger only by one below it among these is left out: that one says why.
    """
    danger = {card.goal.pk for card in goals if card.at_risk or _in_danger(card)}
    found = [
        card
        for card in goals
        if card.at_risk or (_in_danger(card) and not any(child.goal.pk in danger for child in card.children))
    ]
    return sorted(found, key=_urgency)


def _in_danger(card: GoalCard) -> bool:
    return card.is_open and card.standing in (Standing.MISSED, Standing.OFF_TRACK, Standing.AT_RISK)


def _urgency(card: GoalCard) -> tuple[int, float, object, int]:
    worst_first = (Standing.MISSED, Standing.OFF_TRACK, Standing.AT_RISK)
    place = worst_first.index(card.standing) if card.standing in worst_first else len(worst_first)
    sure = card.outlook.probability if card.outlook else None
    return place, 1.0 if sure is None else sure, card.goal.due, card.goal.pk


def card_for(access: ProductAccess, goal: Goal, trees: Forest | None = None) -> GoalCard:
    """One goal as it stands, with those below it. Three queries, or none with `trees`."""
    return (trees or forest(access)).cards[goal.pk]


def readings_of(key_results: Sequence[KeyResult]) -> dict[int, list[Reading]]:
    """The readings of each key result by day, the oldest first. One query."""
    found: dict[int, list[Reading]] = {key_result.pk: [] for key_result in key_results}
    for reading in Reading.objects.filter(key_result__in=found).order_by("key_result", "on"):
        found[reading.key_result_id].append(reading)
    return found


def children(access: ProductAccess, card: GoalCard) -> list[GoalCard]:
    """The goals right below it that this reader may see. No query."""
    return [child for child in card.children if may_see(access, child.goal)]


def key_result_card(access: ProductAccess, key_result: KeyResult) -> KeyResultCard:
    """One key result as it stands. One query when goal and metric are loaded."""
    prefetch_related_objects([key_result], with_forecast())
    card = card_of(key_result.goal, [key_result], access.product.timezone)
    return (*card.key_results, *card.guardrails)[0]

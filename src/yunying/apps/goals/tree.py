"""The tree of goals: who serves whom, and every goal as it stands with what lies below it.

A company goal is kept by one product, and goals of the organisation's other products may serve it. So the tree is
that of the organisation, and a page shows of it what its reader may see: people see all products of their
organisation, an API key sees its own.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Prefetch, QuerySet

from yunying.apps.goals.models import Goal, KeyResult, Level, Status
from yunying.apps.goals.outlooks import with_forecast
from yunying.apps.goals.standing import GoalCard, card_of
from yunying.base.actor import ActorKind
from yunying.platform.products.access import ProductAccess

__all__ = ["Branch", "Forest", "forest", "forest_of", "may_see"]


@dataclass(frozen=True, slots=True)
class Branch:
    """A goal in the tree as one page shows it; `foreign` when another product keeps it."""

    card: GoalCard
    children: "tuple[Branch, ...]"
    foreign: bool
    depth: int

    def all(self) -> "Iterator[Branch]":
        """This branch and all below it, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.all()


@dataclass
class Forest:
    """All goals of an organisation as they stand, by id, and which goals serve which."""

    cards: dict[int, GoalCard] = field(default_factory=dict)
    roots: list[int] = field(default_factory=list)
    below: dict[int, list[int]] = field(default_factory=dict)

    def branches(self, access: ProductAccess, *, closed: bool = False) -> list[Branch]:
        """What the tree's page shows: open goals (or all with `closed`) of the product, those above and those below."""
        shown = self._shown(access, closed)
        return [branch for root in self.roots if (branch := self._branch(root, shown, access, 1))]

    def _shown(self, access: ProductAccess, closed: bool) -> set[int]:
        found: set[int] = set()
        for number, card in self.cards.items():
            wanted = card.is_open or closed
            if not wanted or card.goal.product_id != access.product.pk:
                continue
            found |= {number, *self._above(number), *self._all_below(number, closed)}
        return {number for number in found if may_see(access, self.cards[number].goal)}

    def _above(self, number: int) -> Iterator[int]:
        seen, above = {number}, self.cards[number].goal.parent_id
        while above in self.cards and above not in seen:
            seen.add(above)
            yield above
            above = self.cards[above].goal.parent_id

    def _all_below(self, number: int, closed: bool) -> Iterator[int]:
        for child in self.below.get(number, []):
            if closed or self.cards[child].is_open:
                yield child
                yield from self._all_below(child, closed)

    def _branch(self, number: int, shown: set[int], access: ProductAccess, depth: int) -> Branch | None:
        # A goal that must not be seen hides nothing below it that may be: that stands one step higher.
        if number not in shown:
            return None
        card = self.cards[number]
        below = (self._branch(child, shown, access, depth + 1) for child in self.below.get(number, []))
        foreign = card.goal.product_id != access.product.pk
        return Branch(card, tuple(branch for branch in below if branch), foreign, depth)


def may_see(access: ProductAccess, goal: Goal) -> bool:
    """Whether this reader may see the goal, which is of the product's organisation."""
    return goal.product_id == access.product.pk or access.actor.kind == ActorKind.USER


def _goals_of(organisation_id: int) -> QuerySet[Goal]:
    """The goals of the organisation's products in use, with key results, metrics and forecasts. Three queries."""
    with_metric = Prefetch("key_results", KeyResult.objects.select_related("metric").prefetch_related(with_forecast()))
    rows = Goal.objects.filter(product__organisation_id=organisation_id, product__archived_at=None).select_related(
        "owner", "product", "cycle"
    )
    return rows.prefetch_related(with_metric).order_by("due", "id")


def forest(access: ProductAccess) -> Forest:
    """Every goal of the product's organisation as it stands; show of it what the reader may see. Three queries."""
    return forest_of(access.product.organisation_id)


def forest_of(organisation_id: int) -> Forest:
    """Every goal of an organisation as it stands, for work that nobody reads. Three queries."""
    goals = {goal.pk: goal for goal in _goals_of(organisation_id)}
    below: dict[int, list[int]] = defaultdict(list)
    roots: list[int] = []
    for goal in goals.values():
        if goal.parent_id in goals:
            # The goal above is loaded already: nobody has to ask for it again.
            goal.parent = goals[goal.parent_id]
            below[goal.parent_id].append(goal.pk)
        else:
            roots.append(goal.pk)
    found = Forest(roots=sorted(roots, key=lambda pk: _rank(goals[pk])), below=below)
    for goal in goals.values():
        _grow(found, goals, goal.pk, frozenset())
    return found


def _grow(found: Forest, goals: dict[int, Goal], number: int, above: frozenset[int]) -> GoalCard:
    if number not in found.cards:
        # A circle cannot be made by the services; a tree that holds one all the same is still drawn.
        children = (child for child in found.below.get(number, []) if child not in above)
        grown = tuple(_grow(found, goals, child, above | {number}) for child in children)
        goal = goals[number]
        found.cards[number] = card_of(goal, list(goal.key_results.all()), goal.product.timezone, grown)
    return found.cards[number]


def _rank(goal: Goal) -> tuple[int, bool, object, int]:
    """Wide goals first, open ones before closed ones, then by due day."""
    return (list(Level).index(Level(goal.level)), goal.status != Status.OPEN, goal.due, goal.pk)

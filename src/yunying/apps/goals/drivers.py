"""The driver tree as it stands: each metric's last whole period beside the one before, and what explains the change."""

from collections import defaultdict
from copy import copy
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from yunying.apps.goals.decomposition import Explained, Move, explain_product, explain_sum
from yunying.apps.goals.models import Driver, KeyResult, Relation, Status
from yunying.apps.insights.selectors import (
    QUIET,
    Direction,
    Metric,
    MetricPoint,
    Window,
    change,
    last_event_day,
    metric_recent,
    shown,
    today_of,
)
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.ui import formats
from yunying.platform.ui.errors import problem_of

__all__ = ["PERIODS", "DriverCard", "north_star", "own_period"]

PERIODS = (Window.DAY, Window.WEEK, Window.MONTH)


@dataclass(frozen=True, slots=True)
class DriverCard:
    """A driver with its values, what it brings to the one above, and the drivers below it.

    `bound` are the key results of open goals that are bound to its metric.
    """

    driver: Driver
    move: Move
    on: date | None
    problem: str
    children: "tuple[DriverCard, ...]"
    bound: tuple[KeyResult, ...]
    explained: Explained | None
    brings: float | None
    share: float | None
    above: Metric | None

    def all(self) -> "list[DriverCard]":
        """This driver and all below it, in the order of the page."""
        return [self, *(below for child in self.children for below in child.all())]

    @property
    def value(self) -> str:
        return self._words(self.move.after)

    @property
    def before(self) -> str:
        return self._words(self.move.before)

    @property
    def change(self) -> float | None:
        """As a fraction of the period before."""
        return change(self.move.before, self.move.after)

    @property
    def change_text(self) -> str:
        share = self.change
        if share is None:
            return ""
        return f"{'+' if share >= 0 else '−'}{formats.percent(abs(share))}"

    @property
    def verdict(self) -> str:
        """good, bad or empty."""
        share = self.change
        if share is None or abs(share) < 0.0005:
            return ""
        return "good" if (share > 0) == (self.driver.metric.direction == Direction.UP) else "bad"

    @property
    def brings_text(self) -> str:
        """What it brings to the change above, in words; empty when that cannot be told."""
        if self.brings is None or self.above is None:
            return ""
        sign = "+" if self.brings >= 0 else "−"
        amount = f"{sign}{shown(abs(self.brings), self.above.unit, self.above.currency)}"
        if self.share is None:
            return _("brings %(amount)s") % {"amount": amount}
        return _("brings %(amount)s, that is %(share)s of the change above") % {
            "amount": amount,
            "share": formats.percent(self.share),
        }

    @property
    def note(self) -> str:
        """Whether the drivers below explain the change of this metric; empty when none is added or multiplied."""
        found = self.explained
        if found is None:
            return ""
        if found.problem:
            return _(found.problem)
        if found.exact:
            return _("The drivers below explain the whole change.")
        metric = self.driver.metric
        rest = shown(abs(found.rest or 0), metric.unit, metric.currency)
        return _(
            "The drivers below do not explain %(rest)s of the change: they do not add up or multiply to this metric."
        ) % {"rest": rest}

    def _words(self, value: float | None) -> str:
        return shown(value, self.driver.metric.unit, self.driver.metric.currency)


def north_star(access: ProductAccess, period: Window | None = None) -> DriverCard | None:
    """The product's driver tree by days, weeks or months; None while there is none.

    Without `period` it is the north star's own. Three queries; an engine query for each metric whose kept periods
    are not of that length.
    """
    rows = list(Driver.objects.filter(product=access.product).select_related("metric", "owner"))
    root = next((driver for driver in rows if driver.parent_id is None), None)
    if root is None:
        return None
    below: dict[int | None, list[Driver]] = defaultdict(list)
    for driver in rows:
        below[driver.parent_id].append(driver)
    tree = _Tree(access.product, below, _bound(access, rows), period or own_period(root.metric))
    return tree.card(root)


def own_period(metric: Metric) -> Window:
    """By which periods a metric is looked at by itself."""
    return Window.WEEK if metric.window == Window.TOTAL else Window(metric.window)


def _reach(product: Product) -> date | None:
    """The day before which periods are whole: today, or the newest event's when none came for days."""
    newest, today = last_event_day(product), today_of(product)
    return newest if newest is None or today - newest > QUIET else today


def _bound(access: ProductAccess, drivers: list[Driver]) -> dict[int, list[KeyResult]]:
    found: dict[int, list[KeyResult]] = defaultdict(list)
    metrics = [driver.metric_id for driver in drivers]
    rows = KeyResult.objects.filter(goal__product=access.product, goal__status=Status.OPEN, metric__in=metrics)
    for key_result in rows.select_related("goal", "metric"):
        found[key_result.metric_id].append(key_result)
    return found


class _Tree:
    """What is needed to draw one driver after the other."""

    def __init__(
        self,
        product: Product,
        below: dict[int | None, list[Driver]],
        bound: dict[int, list[KeyResult]],
        period: Window,
    ) -> None:
        self._product, self._below, self._bound, self._period = product, below, bound, period
        self._reach = _reach(product)

    def card(self, driver: Driver, above: Metric | None = None) -> DriverCard:
        points, problem = self._points(driver.metric)
        move = Move(points[-2].value, points[-1].value) if len(points) > 1 else Move(None, None)
        children = [self.card(child, driver.metric) for child in self._below[driver.pk]]
        explained, brought = _explained(move, children)
        drawn = tuple(
            replace(
                child,
                brings=brought.get(child.driver.pk, (None, None))[0],
                share=brought.get(child.driver.pk, (None, None))[1],
            )
            for child in children
        )
        return DriverCard(
            driver=driver,
            move=move,
            on=points[-1].on if points else None,
            problem=problem,
            children=drawn,
            bound=tuple(self._bound.get(driver.metric_id, [])),
            explained=explained,
            brings=None,
            share=None,
            above=above,
        )

    def _points(self, metric: Metric) -> tuple[list[MetricPoint], str]:
        """The last two whole periods, and why there are none."""
        kept = [MetricPoint(date.fromisoformat(on), value) for on, value in metric.recent[-2:]]
        if own_period(metric) == self._period and len(kept) == 2:
            return kept, ""
        if self._reach is None:
            return [], _("There are no events yet.")
        asked = copy(metric)
        asked.window = self._period
        try:
            points = metric_recent(self._product, asked, count=2, as_of=self._reach)
        except YunyingError as error:
            return [], problem_of(error).detail
        return list(points), ""


def _explained(
    whole: Move, children: list[DriverCard]
) -> tuple[Explained | None, dict[int, tuple[float | None, float | None]]]:
    """How the added or multiplied children explain the change, and what each brings, with its share."""
    arithmetic = [child for child in children if child.driver.relation != Relation.INFLUENCES]
    if not arithmetic:
        return None, {}
    explain = explain_sum if arithmetic[0].driver.relation == Relation.SUM else explain_product
    found = explain(whole, [child.move for child in arithmetic])
    return found, {child.driver.pk: (found.brings[place], found.share(place)) for place, child in enumerate(arithmetic)}

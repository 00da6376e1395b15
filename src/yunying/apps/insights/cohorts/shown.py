"""Cohorts as pages show them: size, change, the line of the last days, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.sizes import SizePoint, history_of, recent_of
from yunying.apps.insights.cohorts.uses import Use, uses_in
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Annotation, Chart, ChartKind, Series

__all__ = ["Line", "lines_of", "problem_text", "size_chart"]

_WIDTH, _HEIGHT = 96, 24


@dataclass(frozen=True, slots=True)
class Line:
    """A cohort in the list, with its last sizes (the oldest first) and where it is used."""

    cohort: Cohort
    points: tuple[SizePoint, ...]
    uses: tuple[Use, ...]

    @property
    def name(self) -> str:
        return self.cohort.name

    @property
    def description(self) -> str:
        return self.cohort.description

    @property
    def size(self) -> int | None:
        return self.cohort.size

    @property
    def kind(self) -> str:
        return self.cohort.kind

    @property
    def kind_name(self) -> str:
        return str(self.cohort.get_kind_display())

    @property
    def owner(self) -> str:
        return self.cohort.owner.shown_name if self.cohort.owner else ""

    @property
    def changed(self) -> Any:
        return self.cohort.updated_at

    @property
    def used(self) -> int:
        return len(self.uses)

    @property
    def problem(self) -> str:
        return problem_text(self.cohort)

    @property
    def change(self) -> int | None:
        """The newest size less that of seven days before; None while that is not known."""
        if not self.points:
            return None
        newest = self.points[-1]
        earlier = next((p for p in self.points if p.day == newest.day - timedelta(days=7)), None)
        return newest.size - earlier.size if earlier else None

    @property
    def trend(self) -> str:
        """The sizes as the points of a line; "" while there are not two."""
        sizes = [point.size for point in self.points[-30:]]
        if len(sizes) < 2:
            return ""
        low, high = min(sizes), max(sizes)
        height = _HEIGHT - 4
        places = (
            (i * _WIDTH / (len(sizes) - 1), 2 + height * (1 - ((size - low) / (high - low) if high > low else 0.5)))
            for i, size in enumerate(sizes)
        )
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def lines_of(access: ProductAccess, cohorts: Sequence[Cohort]) -> list[Line]:
    """The cohorts as the list shows them. Four queries."""
    recent, uses = recent_of(cohorts), uses_in(access.product) if cohorts else {}
    return [Line(one, recent.get(one.pk, ()), tuple(uses.get(one.pk, ()))) for one in cohorts]


def problem_text(cohort: Cohort) -> str:
    """Why the last count failed, in the reader's language; "" when it did not."""
    if not cohort.problem:
        return ""
    text, data = _(cohort.problem["message"]), cohort.problem.get("data") or {}
    return str(text % data if data else text)


def size_chart(cohort: Cohort) -> Chart | None:
    """The size over time; None while there is none. Changes of the definition are marked."""
    points = history_of(cohort)
    if not points:
        return None
    labels = [formats.date(point.day) for point in points]
    return Chart(
        name="cohort-size",
        title=_("People in the cohort"),
        kind=ChartKind.LINE,
        labels=labels,
        series=[Series(_("People"), [point.size for point in points])],
        annotations=_marks(cohort, points),
        partial_from=None if points[-1].whole else len(points) - 1,
        definition=_("How many people belonged to the cohort at the end of each day, by the definition of that day."),
    )


def _marks(cohort: Cohort, points: Sequence[SizePoint]) -> list[Annotation]:
    versions = dict(cohort.sizes.order_by("day").values_list("day", "definition_version"))
    found, before = [], None
    for index, point in enumerate(points):
        version = versions.get(point.day)
        if before is not None and version != before:
            found.append(Annotation(index, _("Definition changed")))
        before = version
    return found

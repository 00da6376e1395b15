"""How many people a definition would have now, while one edits it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts.known import KnownCohorts
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.words import Told, names_for, told
from yunying.apps.tracking.selectors import FoundPeople, Wanted
from yunying.base.errors import InvalidInput, LimitReached, Unavailable
from yunying.engine import cohorts as engine
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.errors import problem_of

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """`size` of `everybody`, or in its place what has to be changed (`problem`, at the form's field `field`)."""

    size: int | None = None
    everybody: int = 0
    told: Told | None = None
    warnings: tuple[str, ...] = ()
    problem: str = ""
    path: str = ""
    field: str = ""

    @property
    def share(self) -> float | None:
        return self.size / self.everybody if self.size is not None and self.everybody else None

    @property
    def as_problem(self) -> dict[str, str]:
        """What `_problem.html` shows."""
        return {"detail": self.problem, "path": self.path, "field": self.field}


def preview(access: ProductAccess, definition: Mapping[str, Any], cohort: Cohort | None) -> Preview:
    """The size of a definition as of now. `cohort` is the one it would replace."""
    product = access.product
    try:
        found = engine.parse(definition)
        instead = {cohort.pk: found} if cohort else {}
        context = replace(context_for(product), cohorts=KnownCohorts(product.pk, instead))
        warnings = engine.check(found, context)
        size = engine.size(found, context)
    except (InvalidInput, LimitReached, Unavailable) as error:
        path = error.field or ""
        return Preview(problem=problem_of(error).detail, path=path, field=field_of(definition, path))
    everybody = len(FoundPeople(product, Wanted()))
    return Preview(size, everybody, told(found.root, names_for(access)), tuple(_(w.message) % w.data for w in warnings))


_NAMES = {"times": "times", "within": "count", "absent": "absent", "at_least": "at_least", "values": "v0"}


def field_of(definition: Mapping[str, Any], path: str) -> str:
    """The id of the form's field for a place in the definition: `items.0.items.2.event` is `g0-c2-event`.

    The form has groups of conditions, and in them filters; rows that are not filled in stand at the end of theirs.
    """
    keys = path.split(".")
    given = definition.get("items")
    grouped = isinstance(given, list) and any("items" in item for item in given if isinstance(item, Mapping))
    numbers: list[str] = []
    while len(keys) > 1 and keys[0] == "items" and len(numbers) < (2 if grouped else 1):
        numbers.append(keys[1])
        keys = keys[2:]
    if not numbers:
        return ""
    group, condition = (numbers[0], numbers[1] if len(numbers) > 1 else "0") if grouped else ("0", numbers[0])
    place = f"g{group}-c{condition}-"
    if keys[:1] == ["filters"]:
        row = next((key for key in keys if key.isdecimal()), "0")
        return f"{place}f{row}-{_NAMES.get(keys[-2] if keys[-1].isdecimal() else keys[-1], keys[-1])}"
    name = keys[0] if keys else "kind"
    return place + _NAMES.get(name, name)

"""Which state of the filter bar an address asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from yunying.apps.insights.cohorts.selectors import choices
from yunying.apps.insights.dashboards.bar import Bar, bar_of, edited
from yunying.apps.insights.dashboards.models import Variant
from yunying.platform.products.access import ProductAccess

__all__ = ["State", "cohorts_in", "state_in"]


@dataclass(frozen=True, slots=True)
class State:
    """`variant` is the saved state that this one is, or came from."""

    bar: Bar
    variant: Variant | None = None

    @property
    def changed(self) -> bool:
        """Whether it differs from the variant it came from."""
        return self.variant is not None and self.variant.query != self.bar.query

    @property
    def query(self) -> str:
        """The address's query that shows the same again."""
        return f"{self.bar.query}&{urlencode({'variant': self.variant.pk})}" if self.variant else self.bar.query


def state_in(request: HttpRequest, variants: Sequence[Variant]) -> State:
    """The bar of the address, else that of the named variant, else of the default one, else an empty one."""
    query = request.GET
    named = next((one for one in variants if str(one.pk) == query.get("variant", "")), None)
    if "bar" in query:
        return State(edited(bar_of(query), query.get("do", "")), named)
    chosen = named or next((one for one in variants if one.default), None)
    return State(bar_of(QueryDict(chosen.query)), chosen) if chosen else State(Bar())


def cohorts_in(access: ProductAccess, bar: Bar) -> list[tuple[str, str]]:
    """The cohorts that conditions of the bar choose from, those that are gone among them. One query, if it has any."""
    if not bar.filters:
        return []
    known = [(str(pk), name) for pk, name in choices(access)]
    gone = sorted(bar.cohorts - {pk for pk, _name in known})
    return [*known, *((pk, _("a cohort that was deleted")) for pk in gone)]

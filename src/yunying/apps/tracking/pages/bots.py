"""Which bots came to the product, and how often: the last thirty days, counted apart from people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET

from yunying.base import clock
from yunying.events.bots import BotKind
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.products.models import Product
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table
from yunying.store import EVENTS, Sql, shared

__all__ = ["DAYS", "BotRow", "bots", "bots_of"]

DAYS = 30
KINDS = {
    BotKind.SEARCH.value: gettext_lazy("Search engine"),
    BotKind.AI_CRAWLER.value: gettext_lazy("AI crawler"),
    BotKind.AI_ASSISTANT.value: gettext_lazy("AI assistant"),
    BotKind.PREVIEW.value: gettext_lazy("Link preview"),
    BotKind.MONITOR.value: gettext_lazy("Monitoring"),
    BotKind.SEO.value: gettext_lazy("Search optimisation"),
    BotKind.HEADLESS.value: gettext_lazy("Automated browser"),
    BotKind.TOOL.value: gettext_lazy("Program"),
    BotKind.OTHER.value: pgettext_lazy("a bot", "Other"),
}
# The plain search keeps the JSON of people's events unread; rows that only mention the name fall out behind it.
_COUNT = """
SELECT
    toDate(ts, {zone:String}) AS day,
    %(bot)s AS bot,
    %(kind)s AS kind,
    count() AS events
FROM %(events)s
WHERE product = {product:UInt32}
  AND ts >= {since:DateTime64(3, 'UTC')}
  AND position(props, '"$bot"') > 0
  AND bot != ''
GROUP BY day, bot, kind
ORDER BY events DESC
LIMIT 50000
"""


@dataclass(frozen=True, slots=True)
class BotRow:
    """A bot and its events per day, the oldest of `DAYS` first."""

    name: str
    kind: str
    days: tuple[int, ...]
    last: date

    @property
    def events(self) -> int:
        return sum(self.days)

    @property
    def label(self) -> str:
        return str(KINDS.get(self.kind, self.kind or KINDS[BotKind.OTHER]))


def bots_of(product: Product) -> tuple[list[date], list[BotRow]]:
    """The days and the bots seen on them, the busiest first. Costs one read of the product's last thirty days."""
    zone = product.zone_or_utc
    today = clock.now().astimezone(zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    since = clock.now() - timedelta(days=DAYS + 1)
    columns = shared().columns()
    text = _COUNT % {
        "events": EVENTS,
        "bot": columns.text("$bot", "{bot:String}"),
        "kind": columns.text("$bot_kind", "{bot_kind:String}"),
    }
    params = {
        "product": product.pk,
        "zone": str(zone),
        "since": f"{since:%Y-%m-%d %H:%M:%S.000}",
        "bot": "$bot",
        "bot_kind": "$bot_kind",
    }
    return days, _rows(shared().query(Sql(text, params)).rows, days)


def _rows(found: Sequence[Any], days: Sequence[date]) -> list[BotRow]:
    place = {day: at for at, day in enumerate(days)}
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(days))
    for day, bot, kind, events in found:
        if day in place:
            counts[bot, kind][place[day]] += events
    made = [
        BotRow(bot, kind, tuple(row), max(day for day, events in zip(days, row, strict=True) if events))
        for (bot, kind), row in counts.items()
    ]
    return sorted(made, key=lambda row: (-row.events, row.name))


@require_GET
@product_view()
def bots(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    days, rows = bots_of(access.product)
    context = {
        "table": _table(request, rows),
        "chart": _chart(days, rows) if rows else None,
        "left_out": access.product.leave_bots_out,
        "manage": access.may(Permission.MANAGE_PRODUCT),
        "help_page": "devices-bots-regions",
    }
    return render(request, "tracking/bots.html", context)


def _chart(days: Sequence[date], rows: Sequence[BotRow]) -> Chart:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * len(days))
    for row in rows:
        sums[row.label] = [a + b for a, b in zip(sums[row.label], row.days, strict=True)]
    ordered = sorted(sums.items(), key=lambda one: -sum(one[1]))
    return Chart(
        name="bots",
        title=_("Events of bots per day"),
        labels=[formats.period(day, "day") for day in days],
        series=[Series(name, values) for name, values in ordered],
        kind=ChartKind.STACKED,
        partial_from=len(days) - 1,
        label_title=_("Day"),
    )


def _table(request: HttpRequest, rows: Sequence[BotRow]) -> Table:
    return Table(
        columns=[
            Column("name", pgettext_lazy("a program", "Bot"), sort=True, search=True, fixed=True),
            Column("events", gettext_lazy("Events in 30 days"), kind="number", sort=True),
            Column("label", gettext_lazy("Kind"), sort=True),
            Column("last", gettext_lazy("Last seen"), kind="date", sort=True),
        ],
        rows=list(rows),
        request=request,
        name="bots",
        filters=[Filter("kind", gettext_lazy("Kind"), list(KINDS.items()), "kind")],
        sort="-events",
        empty=Empty(
            gettext_lazy("No bot in the last 30 days"),
            gettext_lazy(
                "Search engines, AI crawlers, link previews and monitors are known by their user agent "
                "and counted here."
            ),
            icon="robot",
        ),
        caption=pgettext("programs", "Bots"),
    )

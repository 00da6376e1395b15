"""Which bots came to the product: reads of their events, day by day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from yunying.base import clock
from yunying.events.bots import BotKind
from yunying.platform.products.models import Product
from yunying.store import EVENTS, Sql, shared

__all__ = ["DAYS", "KINDS", "BotRow", "bots_of"]

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
_COUNT = f"""
SELECT
    toDate(ts, {{zone:String}}) AS day,
    %(bot)s AS bot,
    %(kind)s AS kind,
    count() AS events
FROM {EVENTS}
WHERE product = {{product:UInt32}}
  AND ts >= {{since:DateTime64(3, 'UTC')}}
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

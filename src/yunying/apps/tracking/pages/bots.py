"""Which bots came to the product, and how often: the last thirty days, counted apart from people."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_GET

from yunying.apps.tracking.catalogue.bots import KINDS, BotRow, bots_of
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["bots"]


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

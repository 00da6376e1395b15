"""`/ui/`, in debug mode only: every component once, to look at and to test. Its numbers are made by a formula."""

import math
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from yunying.base import clock
from yunying.base.errors import InvalidInput, msg
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Annotation, Chart, ChartKind, NumberCard, Series, Target, Unit
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

_CHANNELS = ("WeChat", "Search", "App store", "Partner", "Direct")


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", max_length=40, help_text="What people will see in lists.")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Campaign"), ("b", "Release")])
    due = forms.DateField(label="Due", widget=forms.DateInput(attrs={"type": "date"}))
    about = forms.CharField(label="About", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    public = forms.BooleanField(label="Everybody may see it", required=False)
    roles = forms.MultipleChoiceField(
        label="Who is told",
        choices=[("pm", "Product manager"), ("op", "Operator")],
        widget=forms.CheckboxSelectMultiple,
    )


def page(request: HttpRequest) -> HttpResponse:
    if request.GET.get("fail") == "input":
        raise InvalidInput("sample.wrong", msg("The period ends before it begins. Choose a later end."), field="to")
    if request.GET.get("fail") == "bug":
        raise RuntimeError("sample")
    if request.GET.get("flash"):
        messages.success(request, "The goal was saved.")
        messages.warning(request, "Two events of this report were not seen for a week.")
    form = SampleForm(request.POST or None)
    bad = SampleForm({"name": "", "due": "31 February", "kind": "a"}, auto_id="bad_%s")
    context = {"form": form, "bad": bad, "table": _table(request), "none": _none(request), "cards": _cards()}
    return render(request, "ui/styleguide.html", {**context, "charts": _charts(), "now": clock.now()})


def _table(request: HttpRequest) -> Table:
    rows = [_row(index) for index in range(137)]
    return Table(
        name="sample",
        request=request,
        caption="Campaigns",
        rows=rows,
        sort="-people",
        filters=[Filter("channel", "Channel", [(one, one) for one in _CHANNELS])],
        columns=[
            Column("name", "Campaign", sort=True, search=True, link=lambda row: f"?row={row['id']}", fixed=True),
            Column("channel", "Channel", sort=True, search=True),
            Column("people", "People", sort=True, kind="number"),
            Column("rate", "Conversion", sort=True, kind="percent"),
            Column("cost", "Cost", sort=True, kind="money", currency="CNY"),
            Column("time", "Time to order", sort=True, kind="duration"),
            Column("start", "Start", sort=True, kind="date"),
            Column("seen", "Last event", sort=True, kind="ago"),
            Column("id", "Number", kind="number", hidden=True),
        ],
    )


def _row(index: int) -> dict[str, Any]:
    return {
        "id": index,
        "name": f"Campaign {index + 1}" if index % 9 else f"春节促销 第{index + 1}期",
        "channel": _CHANNELS[index % 5],
        "people": (index * 7919) % 12_345,
        "rate": (index * 37 % 100) / 900,
        "cost": index * 12_345 % 4_000_000 if index % 7 else None,
        "time": index * 937,
        "start": date(2026, 1, 1) + timedelta(days=index),
        "seen": clock.now() - timedelta(minutes=index * index * 3),
    }


def _none(request: HttpRequest) -> Table:
    empty = Empty("No goals yet", "A goal ties a metric to a date.", "?new=1", "Set the first goal", "target-arrow")
    return Table(name="none", request=request, rows=[], columns=[Column("name", "Name")], empty=empty, prefix="n-")


def _wave(index: int, base: float, swing: float, shift: float) -> float:
    return round(base + index * base / 90 + swing * math.sin(index / 3.2 + shift) + swing / 3 * math.sin(index * 1.9))


def _cards() -> list[NumberCard]:
    wave = [_wave(i, 900, 200, 0) for i in range(30)]
    return [
        NumberCard(
            "Active customers", 12_840, previous=11_902, previous_label="than last week", trend=wave, url="?a=1"
        ),
        NumberCard("Revenue", 1_284_050_00, Unit("money", "CNY"), previous=1_340_000_00, trend=wave[::-1]),
        NumberCard(
            "Conversion", 0.0342, Unit("percent", digits=2), previous=0.0342, trend=[*wave[:10], None, *wave[12:]]
        ),
        NumberCard("Time to first order", 93_600, Unit("duration"), previous=120_000, good="down", definition=_long()),
    ]


def _long() -> str:
    return "Median time from sign-up to the first order, over people who signed up in the period and ordered until now."


def _charts() -> list[Chart]:
    days = [date(2026, 1, 5) + timedelta(days=i) for i in range(28)]
    labels = [formats.period(day, "day") for day in days]
    orders = [None if i in (9, 10) else _wave(i, 620, 120, 0) for i in range(28)]
    before = [_wave(i, 540, 110, 0.4) for i in range(28)]
    trend = Chart(
        name="orders",
        title="Orders per day",
        labels=labels,
        series=[
            Series("Orders", orders, links=[f"?who={label}" for label in labels]),
            Series("Orders, 4 weeks before", before, compare_to="Orders"),
        ],
        target=Target(800, "Target"),
        annotations=[Annotation(14, "Spring campaign began", "?action=1")],
        partial_from=27,
        definition="Events “order” of all people, counted by the day of the product's zone.",
        label_title="Day",
    )
    split = [Series(name, [_wave(i, 100 + 40 * n, 25, n) for i in range(10)]) for n, name in enumerate(_CHANNELS)]
    weeks = [f"W{i + 1}" for i in range(10)]
    share = Series("People", [4200, 3100, 1800, 900, 250], links=["?c=1"] * 5)
    return [
        trend,
        Chart("split", "Orders by channel", weeks, split, ChartKind.STACKED, partial_from=9),
        Chart("many", "Channels compared", weeks, split, ChartKind.LINE),
        Chart("bars", "Revenue by week", weeks, [_revenue()], ChartKind.BAR, Unit("money", "CNY"), partial_from=9),
        Chart("area", "Conversion", weeks, [_rate()], ChartKind.AREA, Unit("percent")),
        Chart("share", "People by channel", _CHANNELS, [share], ChartKind.DONUT),
        Chart("steps", "Steps", ["Looked", "Into the cart", "Ordered"], [Series("People", [9, 4, 1])], ChartKind.BAR),
        Chart("gaps", "Values between gaps", [str(day) for day in range(60)], [_sparse()], ChartKind.LINE),
        Chart("void", "Nothing to show", [], [], ChartKind.LINE),
    ]


def _sparse() -> Series:
    """A value every ten days and three in a row: a line has nothing to join most of them with."""
    return Series("Share", [day if day % 10 == 0 or day in (1, 2) else None for day in range(60)])


def _revenue() -> Series:
    values = [int(_wave(i, 3_400_000, 600_000, 0)) for i in range(10)]
    return Series("Revenue", values, links=[f"?week={i + 1}" for i in range(10)])


def _rate() -> Series:
    return Series("Conversion", [_wave(i, 320, 60, 1) / 10_000 for i in range(10)])

"""Trends: how much of something happened, over time."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.insights.kinds.registry import PageKind, register
from yunying.apps.insights.kinds.trends.board import definition, draw, title
from yunying.apps.insights.kinds.trends.form import TrendsForm
from yunying.apps.insights.kinds.trends.people import point_words
from yunying.apps.insights.kinds.trends.sheet import sheet


def _events(spec: Mapping[str, Any]) -> list[str | None]:
    return [one.get("event") for one in spec.get("series") or []]


register(
    PageKind(
        name="trends",
        label=pgettext_lazy("report kind", "Trends"),
        about=_("How much of something happens, day by day, and whether it grows."),
        icon="chart-line",
        page="insights:trends",
        help_page="reports",
        form=TrendsForm,
        builder="insights/kinds/trends.html",
        controls="insights/kinds/_trends_controls.html",
        missing="insights/kinds/_trends_missing.html",
        draw=draw,
        sheet=sheet,
        title=title,
        definition=definition,
        point_words=point_words,
        events=_events,
    )
)

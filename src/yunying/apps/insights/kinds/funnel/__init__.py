"""Funnels: how many get from step to step."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.insights.kinds.funnel.board import draw
from yunying.apps.insights.kinds.funnel.form import FunnelForm
from yunying.apps.insights.kinds.funnel.sheet import sheet
from yunying.apps.insights.kinds.funnel.words import definition, events, point_words, siblings, title
from yunying.apps.insights.kinds.registry import PageKind, register

register(
    PageKind(
        name="funnel",
        label=pgettext_lazy("report kind", "Funnel"),
        about=_("How many get from step to step, where the others get lost, and how long it takes."),
        icon="chart-funnel",
        page="insights:funnels",
        help_page="reports",
        form=FunnelForm,
        builder="insights/kinds/funnel.html",
        controls="insights/kinds/_funnel_controls.html",
        missing="insights/kinds/_funnel_missing.html",
        draw=draw,
        sheet=sheet,
        title=title,
        definition=definition,
        point_words=point_words,
        events=events,
        siblings=siblings,
    )
)

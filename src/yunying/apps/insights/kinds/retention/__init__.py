"""Retention: who comes back."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.insights.kinds.registry import PageKind, register
from yunying.apps.insights.kinds.retention.board import draw
from yunying.apps.insights.kinds.retention.form import RetentionForm
from yunying.apps.insights.kinds.retention.sheet import sheet
from yunying.apps.insights.kinds.retention.words import definition, events, point_words, siblings, title

register(
    PageKind(
        name="retention",
        label=pgettext_lazy("report kind", "Retention"),
        about=_("Who comes back, how soon, and whether newer people stay longer than older ones."),
        icon="repeat",
        page="insights:retention",
        help_page="reports",
        form=RetentionForm,
        builder="insights/kinds/retention.html",
        controls="insights/kinds/_retention_controls.html",
        missing="insights/kinds/_trends_missing.html",
        draw=draw,
        sheet=sheet,
        title=title,
        definition=definition,
        point_words=point_words,
        events=events,
        siblings=siblings,
    )
)

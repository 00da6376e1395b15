"""`{% load ui %}`: what templates build pages with."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from yunying.base.money import Money
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, NumberCard
from yunying.platform.ui.icons import ICONS
from yunying.platform.ui.markup import time_html
from yunying.platform.ui.tables import Table

register = template.Library()
_KNOWN_ICONS = frozenset(ICONS)

register.filter("number", formats.number)
register.filter("compact", formats.compact)
register.filter("percent", formats.percent)
register.filter("duration", formats.duration)
register.filter("date_of", formats.date)
register.filter("ago", formats.ago)
register.filter("when", time_html)


@register.filter
def money(value: Money | int | None, currency: str = "") -> str:
    return formats.money(value, currency)


@register.simple_tag
def icon(name: str, label: str = "", classes: str = "") -> SafeString:
    """`{% icon "flag" %}`: decoration; with a `label` it is read out."""
    if settings.DEBUG and name not in _KNOWN_ICONS:
        raise template.TemplateSyntaxError(f"“{name}” is not in platform/ui/icons.txt")
    href = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, href
        )
    return _decoration(classes, href)


# A page has dozens of them, the program few different ones.
@lru_cache(maxsize=1024)
def _decoration(classes: str, href: str) -> SafeString:
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@register.inclusion_tag("ui/_empty.html")
def empty_state(
    title: str, text: str = "", action_url: str = "", action_label: str = "", icon: str = "inbox"
) -> dict[str, str]:
    """What a page without content says: what to do next."""
    return {"title": title, "text": text, "action_url": action_url, "action_label": action_label, "icon": icon}


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, label: str = "", help: str = "", size: str = "") -> dict[str, Any]:
    """A form field with label, help and errors wired to each other for screen readers."""
    return {
        "field": bound,
        "widget": _styled(bound, size),
        "label": label or bound.label,
        "help": help or bound.help_text,
    }


@register.inclusion_tag("ui/_form.html", takes_context=True)
def form(context: Context, form: BaseForm, submit: str = "", cancel_url: str = "") -> dict[str, Any]:
    """All fields of a form and, with `submit`, its buttons. The <form> element and csrf_token stay with the page."""
    return {"form": form, "submit": submit, "cancel_url": cancel_url}


def _styled(bound: BoundField, size: str) -> dict[str, Any]:
    """The widget's HTML with Tabler's classes and the ids of help and errors."""
    widget = bound.field.widget
    many = isinstance(widget, CheckboxSelectMultiple | RadioSelect)
    kind = "check" if isinstance(widget, CheckboxInput) else "choices" if many else "input"
    text = "form-select" if isinstance(widget, Select) else "form-control"
    base = {"check": "form-check-input", "choices": "", "input": text}[kind]
    classes = " ".join(
        part for part in (base if kind != "choices" else "", size, widget.attrs.get("class", "")) if part
    )
    attrs: dict[str, Any] = {"class": f"{classes} is-invalid" if bound.errors else classes}
    # Django adds aria-describedby for the help text and aria-invalid by itself; the errors' id is ours.
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    described += [f"{bound.auto_id}_helptext"] if bound.help_text else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return {"html": bound.as_widget(attrs=attrs), "kind": kind}


@register.inclusion_tag("ui/_table.html", takes_context=True)
def table(context: Context, table: Table) -> dict[str, Any]:
    """A `ui.tables.Table` with its search, filters, columns, pages and export."""
    return {"table": table, "request": context["request"], "csrf_token": context.get("csrf_token")}


@register.simple_block_tag
def scrollable(content: str, label: str) -> SafeString:
    """What may be wider than its place, as a table is: scrolls by itself, also by keyboard, under the name `label`."""
    return format_html('<div class="yy-table-wrap" role="region" tabindex="0" aria-label="{}">{}</div>', label, content)


@register.inclusion_tag("ui/_chart.html")
def chart(chart: Chart) -> dict[str, Any]:
    """A `ui.charts.Chart` with its table, definition and downloads."""
    return {"chart": chart}


@register.inclusion_tag("ui/_number.html")
def number_card(card: NumberCard) -> dict[str, Any]:
    """A `ui.charts.NumberCard`, for a `.yy-grid`."""
    return {"card": card}


@register.simple_tag
def help_link(page: str, label: str = "") -> SafeString:
    """A link to a shipped help page, `docs/user/<page>.md`."""
    inner = icon("help-circle", "" if label else gettext("Help"))
    return format_html('<a class="yy-help" href="{}">{} {}</a>', reverse("ui:help", args=[page]), inner, label)


@register.simple_tag
def crumb(label: str, url: str = "") -> SafeString:
    """One step of the path to this page; without `url` it is the page itself."""
    if url:
        return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', url, label)
    return format_html('<li class="breadcrumb-item active" aria-current="page">{}</li>', label)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's address with some query parameters changed; an empty value drops one: `{% query page=2 %}`."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        params.pop(name, None)
        if value not in (None, ""):
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.simple_tag
def optional_url(name: str, *args: Any, **kwargs: Any) -> str:
    """Like `{% url %}`, but empty when there is no such page in this installation."""
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return ""


@register.filter
def item(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.tag
def capture(parser: Parser, token: Token) -> template.Node:
    """`{% capture name %}…{% endcapture %}`: what is rendered inside, as a variable (a block's content, say)."""
    name = token.split_contents()[1]
    nodes = parser.parse(("endcapture",))
    parser.delete_first_token()
    return _Capture(nodes, name)


class _Capture(template.Node):
    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> str:
        # Rendered with autoescape on, hence safe to show again.
        context[self.name] = mark_safe(self.nodelist.render(context).strip())
        return ""

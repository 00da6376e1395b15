"""Small pieces of HTML that tags and tables share."""

import datetime as dt

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from yunying.platform.ui import formats

__all__ = ["time_html"]


def time_html(value: dt.datetime | dt.date | None, style: str = "medium") -> SafeString:
    """A moment in the product's zone as <time>, the exact moment in its attributes; a plain date as a date."""
    if value is None:
        return mark_safe(formats.DASH)
    if not isinstance(value, dt.datetime):
        day = formats.date(value, "medium" if style == "ago" else style)
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), day)
    shown = formats.ago(value) if style == "ago" else formats.datetime(value, style)
    exact = formats.datetime(value, "long")
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, shown)

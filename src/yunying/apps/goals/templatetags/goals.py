"""Tags of the pages about goals."""

from typing import Any

from django import template

from yunying.apps.goals.pages import tabs

register = template.Library()


@register.inclusion_tag("goals/_nav.html", takes_context=True)
def goal_pages(context: template.Context) -> dict[str, Any]:
    """The line of tabs to the pages about goals."""
    request = context["request"]
    return {"tabs": tabs(request.access.product.slug, request.resolver_match.url_name)}

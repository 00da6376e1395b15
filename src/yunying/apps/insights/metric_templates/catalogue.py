"""All templates, and those for one kind of product."""

from yunying.apps.insights.metric_templates.activity import ACTIVITY
from yunying.apps.insights.metric_templates.definition import REVENUE, Kind, Need, Template
from yunying.apps.insights.metric_templates.money import SALES_AND_REVENUE
from yunying.apps.insights.metric_templates.work import WORK

__all__ = ["REVENUE", "TEMPLATES", "Kind", "Need", "Template", "templates_of"]

TEMPLATES: tuple[Template, ...] = (*ACTIVITY, *SALES_AND_REVENUE, *WORK)


def templates_of(kind: Kind) -> list[Template]:
    """The templates for a kind of product, in the order a team reads them."""
    return [one for one in TEMPLATES if kind in one.kinds]

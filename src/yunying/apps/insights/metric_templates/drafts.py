"""What a template would become: the metric, its number now, and whether there is one already."""

from collections.abc import Iterable

from yunying.apps.insights.freshness import reach_of
from yunying.apps.insights.metric_templates.binding import Binding
from yunying.apps.insights.metric_templates.catalogue import Template
from yunying.apps.insights.models import Metric, Unit
from yunying.apps.insights.questions import checked_question
from yunying.apps.insights.readings import MetricPoint, metric_recent
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["draft_of", "existing", "preview_of"]


def draft_of(binding: Binding, template: Template) -> Metric:
    """The metric a template would become, not saved. Call when nothing is missing."""
    return Metric(
        product=binding.product,
        name=str(template.name),
        description=str(template.about),
        question=checked_question(template.question(binding.needs(template)), window=template.window),
        unit=template.unit,
        currency=binding.currency(template) if template.unit == Unit.MONEY else "",
        direction=template.direction,
        window=template.window,
    )


def preview_of(access: ProductAccess, binding: Binding, template: Template) -> MetricPoint | None:
    """Its latest whole day, week or month, as far as the data reach; None without data. One engine query.

    Raises LimitReached and Unavailable as the engine does.
    """
    access.require(Permission.VIEW)
    as_of = reach_of(binding.product)
    if as_of is None:
        return None
    points = metric_recent(binding.product, draft_of(binding, template), count=1, as_of=as_of)
    return points[-1] if points else None


def existing(binding: Binding, templates: Iterable[Template]) -> dict[str, Metric]:
    """The metrics that ask what a template asks already, by the template's key. One query."""
    metrics = list(Metric.objects.filter(product=binding.product).order_by("pk"))
    found: dict[str, Metric] = {}
    for template in templates:
        if binding.missing(template):
            continue
        question = draft_of(binding, template).question
        same = (one for one in metrics if one.question == question and one.window == template.window)
        if metric := next(same, None):
            found[template.key] = metric
    return found

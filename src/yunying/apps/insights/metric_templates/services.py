"""From templates to metrics."""

from collections.abc import Iterable
from dataclasses import dataclass

from yunying.apps.insights.metric_templates.binding import Binding
from yunying.apps.insights.metric_templates.catalogue import Template
from yunying.apps.insights.metric_templates.drafts import draft_of
from yunying.apps.insights.models import Metric
from yunying.apps.insights.services import create_metric
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.ui.errors import problem_of

__all__ = ["Refused", "create_from"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A template that became no metric, and why."""

    template: Template
    text: str


def create_from(
    *, access: ProductAccess, binding: Binding, templates: Iterable[Template]
) -> tuple[list[Metric], list[Refused]]:
    """Make metrics of these templates; those that cannot be made are told, the others are made all the same."""
    access.require(Permission.EDIT_REPORTS)
    made: list[Metric] = []
    refused: list[Refused] = []
    for template in templates:
        try:
            draft = draft_of(binding, template)
            made.append(
                create_metric(
                    access=access,
                    name=draft.name,
                    spec=draft.question | {"kind": "trends"},
                    unit=draft.unit,
                    direction=draft.direction,
                    window=draft.window,
                    currency=draft.currency,
                    description=draft.description,
                )
            )
        except YunyingError as error:
            refused.append(Refused(template, problem_of(error).detail))
    return made, refused

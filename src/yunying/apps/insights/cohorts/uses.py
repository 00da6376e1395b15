"""Where cohorts are used: in reports, metrics, dashboards and other cohorts. Such a cohort cannot be deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from yunying.apps.insights.cohorts.known import named_in
from yunying.apps.insights.cohorts.models import Cohort, CohortKind
from yunying.platform.products.models import Product

__all__ = ["Use", "uses_in"]


@dataclass(frozen=True, slots=True)
class Use:
    """A thing that asks for a cohort: what it is, its name and its address."""

    kind: str
    name: str
    url: str


def uses_in(product: Product) -> dict[int, list[Use]]:
    """Who asks for which cohort of the product. Five queries."""
    found: dict[int, list[Use]] = {}
    for use, asked in _askers(product):
        for number in sorted(named_in(asked)):
            found.setdefault(number, []).append(use)
    return found


def _askers(product: Product) -> Iterator[tuple[Use, Any]]:
    from yunying.apps.insights.models import Metric, Report  # these models import those of cohorts

    for report in Report.objects.filter(product=product).only("name", "spec").order_by("name"):
        yield _use(_("Report"), report.name, "insights:report", product, report.pk), report.spec
    for metric in Metric.objects.filter(product=product).only("name", "question").order_by("name"):
        yield _use(_("Metric"), metric.name, "insights:metric", product, metric.pk), metric.question
    cohorts = Cohort.objects.filter(product=product, kind=CohortKind.DEFINITION)
    for cohort in cohorts.only("name", "definition").order_by("name"):
        yield _use(_("Cohort"), cohort.name, "insights:cohort", product, cohort.pk), cohort.definition
    yield from _bars(product)


def _bars(product: Product) -> Iterator[tuple[Use, Any]]:
    """The filter bars that dashboards keep: their variants, and what open links show."""
    from yunying.apps.insights.dashboards.bar import bar_of  # which is built on cohorts
    from yunying.apps.insights.dashboards.models import Dashboard, ShareLink, Variant

    variants = Variant.objects.filter(dashboard__product=product).select_related("dashboard")
    links = ShareLink.objects.filter(dashboard__product=product, revoked_at=None).select_related("dashboard")
    named: list[tuple[str, Dashboard, str]] = [(one.name, one.dashboard, one.query) for one in variants]
    for name, dashboard, query in [*named, *((one.label, one.dashboard, one.query) for one in links)]:
        title = " · ".join(part for part in (dashboard.name, name) if part)
        use = _use(_("Dashboard"), title, "insights:dashboard", product, dashboard.pk)
        yield use, [row.to_spec() for row in bar_of(QueryDict(query)).conditions]


def _use(kind: str, name: str, page: str, product: Product, key: int) -> Use:
    return Use(kind, name, reverse(page, args=[product.slug, key]))

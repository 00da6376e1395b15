"""`/api/v1/products/{product}/insights`: ask questions, keep reports and metrics. Parse, call, answer."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Path, Router, Status
from ninja.pagination import paginate

from yunying.apps.insights import schemas, services
from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.answers import context_for, run_report
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.readings import metric_history
from yunying.apps.insights.recent import try_to_refresh
from yunying.apps.insights.selectors import metrics_of, reports_of
from yunying.apps.tracking.selectors import people as people_rows
from yunying.base.errors import InvalidInput, msg
from yunying.engine import parse, people_behind
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["router"]

router = Router(tags=["Insights"])
LONGEST_HISTORY_DAYS = 3_700


@router.post("/query", response=schemas.AnswerOut, summary="Answer a question")
def query(request: HttpRequest, product: Path[str], body: schemas.QueryIn) -> dict[str, Any]:
    answer = run_report(api_access(request, product), body.spec, fresh=body.fresh)
    return {"cached": answer.cached, "result": answer.result.to_json()}


@router.post("/people", response=schemas.PeopleOut, summary="The people behind a number", by_alias=False)
def people(request: HttpRequest, product: Path[str], body: schemas.PeopleIn) -> dict[str, Any]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    found = people_behind(parse(body.spec), body.point, context_for(access.product), body.limit, body.offset)
    return {"total": found.total, "people": people_rows(access.product.pk, list(found.numbers))}


@router.get("/reports", response=list[schemas.ReportOut], summary="Saved reports")
@paginate(Pages)
def list_reports(request: HttpRequest, product: Path[str]) -> QuerySet[Report]:
    return reports_of(api_access(request, product))


@router.post("/reports", response={201: schemas.ReportOut}, summary="Save a report")
def create_report(request: HttpRequest, product: Path[str], body: schemas.ReportIn) -> Status[Report]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    return Status(201, services.create_report(access=access, **body.model_dump()))


@router.get("/reports/{report}", response=schemas.ReportOut, summary="One report")
def get_report(request: HttpRequest, product: Path[str], report: Path[Id]) -> Report:
    return report_for(api_access(request, product), report)


@router.patch("/reports/{report}", response=schemas.ReportOut, summary="Change a report")
def update_report(request: HttpRequest, product: Path[str], report: Path[Id], body: schemas.ReportPatch) -> Report:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    changes = body.model_dump(exclude_unset=True)
    return services.update_report(access=access, report=report_for(access, report), **changes)


@router.delete("/reports/{report}", response={204: None}, summary="Delete a report")
def delete_report(request: HttpRequest, product: Path[str], report: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    services.delete_report(access=access, report=report_for(access, report))
    return Status(204, None)


@router.get("/reports/{report}/answer", response=schemas.AnswerOut, summary="Answer a saved report")
def answer_report(request: HttpRequest, product: Path[str], report: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product)
    answer = run_report(access, report_for(access, report).spec)
    return {"cached": answer.cached, "result": answer.result.to_json()}


@router.get("/metrics", response=list[schemas.MetricOut], summary="Metrics")
@paginate(Pages)
def list_metrics(request: HttpRequest, product: Path[str]) -> list[Metric]:
    return metrics_of(api_access(request, product))


@router.post("/metrics", response={201: schemas.MetricOut}, summary="Pin a metric")
def create_metric(request: HttpRequest, product: Path[str], body: schemas.MetricIn) -> Status[Metric]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    metric = services.create_metric(access=access, **body.model_dump())
    try_to_refresh(metric)
    return Status(201, metric)


@router.get("/metrics/{metric}", response=schemas.MetricOut, summary="One metric")
def get_metric(request: HttpRequest, product: Path[str], metric: Path[Id]) -> Metric:
    return metric_for(api_access(request, product), metric)


@router.patch("/metrics/{metric}", response=schemas.MetricOut, summary="Change a metric")
def update_metric(request: HttpRequest, product: Path[str], metric: Path[Id], body: schemas.MetricPatch) -> Metric:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = metric_for(access, metric)
    services.update_metric(access=access, metric=found, **body.model_dump(exclude_unset=True))
    try_to_refresh(found)
    return found


@router.delete("/metrics/{metric}", response={204: None}, summary="Delete a metric")
def delete_metric(request: HttpRequest, product: Path[str], metric: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    services.delete_metric(access=access, metric=metric_for(access, metric))
    return Status(204, None)


@router.get("/metrics/{metric}/history", response=list[schemas.PointOut], summary="A metric's readings over time")
def history(request: HttpRequest, product: Path[str], metric: Path[Id], start: date, until: date) -> list[Any]:
    access = api_access(request, product)
    if not 0 <= (until - start).days <= LONGEST_HISTORY_DAYS:
        raise InvalidInput(
            "metric.history", msg("Choose an end after the start, at most ten years later."), field="until"
        )
    return list(metric_history(access.product, metric_for(access, metric), start, until))

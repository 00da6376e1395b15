"""What the addresses of imports name."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.isolation import factory
from yunying.apps.tracking.importing.models import ImportMapping, ImportRun, ImportStatus, Place
from yunying.platform.products.access import ProductAccess

PLAN = {
    "layout": {"format": "csv"},
    "columns": [
        {"name": "time", "role": "time", "kind": "text", "title": "time"},
        {"name": "user", "role": "distinct_id", "kind": "text", "title": "user"},
    ],
    "event": "visit",
}
_API = "/api/v1/products/{product}/data/imports/{number}"


def _draft(access: ProductAccess) -> ImportRun:
    return ImportRun.objects.create(
        product=access.product,
        file_name="visits.csv",
        place=Place.UPLOAD,
        stored=f"{uuid4().hex}.csv",
        status=ImportStatus.DRAFT,
        plan=PLAN,
    )


@factory(
    "tracking:import",
    "tracking:import_progress",
    "tracking:import_layout",
    "tracking:import_choose",
    "tracking:import_check",
    "tracking:import_start",
    "tracking:import_keep",
    "tracking:import_use",
    "tracking:import_cancel",
    "tracking:import_take_back",
    "tracking:import_discard",
    _API,
    f"{_API}/mapping",
    f"{_API}/preview",
    f"{_API}/check",
    f"{_API}/start",
    f"{_API}/cancel",
    f"{_API}/take-back",
    f"{_API}/errors",
)
def import_(access: ProductAccess) -> Mapping[str, Any]:
    return {"number": _draft(access).pk}


@factory("tracking:import_errors")
def errors(access: ProductAccess) -> Mapping[str, Any]:
    return {"number": _draft(access).pk, "kind": "csv"}


@factory("tracking:import_drop_kept")
def kept(access: ProductAccess) -> Mapping[str, Any]:
    made = ImportMapping.objects.create(product=access.product, name=f"Visits {uuid4()}", columns="", plan=PLAN)
    return {"kept": made.pk}

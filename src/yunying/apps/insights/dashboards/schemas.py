"""Bodies and answers of the REST API of dashboards."""

from datetime import date, datetime
from typing import Any, Literal

from ninja import Field, Schema

from yunying.apps.insights.dashboards.models import Dashboard
from yunying.platform.products.rest import Id, Text

__all__ = [
    "AnnotationIn",
    "AnnotationOut",
    "DashboardIn",
    "DashboardOut",
    "DashboardPatch",
    "TileIn",
    "TileOut",
    "TilePatch",
    "VariantIn",
    "VariantOut",
]

LookName = Literal["", "line", "area", "bar", "stack", "donut", "number", "table"]
Minutes = Literal[0, 1, 5, 15]


class TileOut(Schema):
    id: int
    kind: str
    report_id: int | None
    metric_id: int | None
    title: str
    text: str
    chart: str
    follows: bool
    x: int
    y: int
    w: int
    h: int


class VariantOut(Schema):
    id: int
    name: str
    query: str
    default: bool


class DashboardOut(Schema):
    id: int
    name: str
    description: str
    refresh_min: int
    version: int
    created_at: datetime
    updated_at: datetime
    tiles: list[TileOut]
    variants: list[VariantOut]

    @staticmethod
    def resolve_tiles(row: Dashboard) -> list[Any]:
        return list(row.tiles.all())

    @staticmethod
    def resolve_variants(row: Dashboard) -> list[Any]:
        return list(row.variants.all())


class DashboardIn(Schema):
    name: Text
    description: Text = ""
    refresh_min: Minutes = 0


class DashboardPatch(Schema):
    """`version` is the one that was read; 409 when somebody was faster."""

    version: Id
    name: Text | None = None
    description: Text | None = None
    refresh_min: Minutes | None = None


class TileIn(Schema):
    """A report, a metric or a text. Without `x`, `y`, `w` and `h` it lies at the end."""

    kind: Literal["report", "metric", "text"]
    report: Id | None = None
    metric: Id | None = None
    title: Text = Field("", max_length=120)
    text: Text = ""
    chart: LookName = ""
    follows: bool = True
    x: int | None = Field(None, ge=0, le=11)
    y: int | None = Field(None, ge=0, le=1000)
    w: int | None = Field(None, ge=1, le=12)
    h: int | None = Field(None, ge=1, le=20)


class TilePatch(Schema):
    """`version` is the dashboard's."""

    version: Id
    title: Text = Field("", max_length=120)
    text: Text = ""
    chart: LookName = ""
    follows: bool = True
    x: int = Field(0, ge=0, le=11)
    y: int = Field(0, ge=0, le=1000)
    w: int = Field(6, ge=1, le=12)
    h: int = Field(5, ge=1, le=20)


class VariantIn(Schema):
    """`query` is the part of the page's address behind the question mark. A name that is taken is replaced."""

    name: Text
    query: Text = Field("", max_length=10_000)
    default: bool = False


class AnnotationIn(Schema):
    text: Text
    day: date
    until: date | None = None
    dashboard: Id | None = None


class AnnotationOut(Schema):
    id: int
    text: str
    day: date
    until: date | None
    dashboard_id: int | None
    version: int

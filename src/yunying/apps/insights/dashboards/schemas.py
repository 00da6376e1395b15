"""Bodies and answers of the REST API of dashboards."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AwareDatetime

from yunying.apps.insights.dashboards.models import Dashboard, ShareLink, Subscription
from yunying.platform.products.rest import Id, Text

__all__ = [
    "AnnotationIn",
    "AnnotationOut",
    "AnnotationPatch",
    "BarQuery",
    "CopyIn",
    "DashboardIn",
    "DashboardOut",
    "DashboardPatch",
    "LinkIn",
    "LinkMade",
    "LinkOut",
    "MailIn",
    "MailOut",
    "RecipientOut",
    "TileIn",
    "TileOut",
    "TilePatch",
    "VariantIn",
    "VariantOut",
]

BarQuery = Annotated[Text, Field(max_length=10_000)]
"""The part of a dashboard's address behind the question mark."""
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
    name: Text = ""
    description: Text = ""
    refresh_min: Minutes = 0


class CopyIn(Schema):
    """The name of the copy. It has the tiles and variants; links, mails and notes stay with the first one."""

    name: Text


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
    query: BarQuery = ""
    default: bool = False


class AnnotationIn(Schema):
    text: Text
    day: date
    until: date | None = None
    dashboard: Id | None = None


class AnnotationPatch(Schema):
    """`version` is the one that was read; 409 when somebody was faster. Null takes `until` and `dashboard` away."""

    version: Id
    text: Text = ""
    # Left out is left as it is: the default is never written.
    day: date = Field(default_factory=lambda: date.min)
    until: date | None = None
    dashboard: Id | None = None


class AnnotationOut(Schema):
    id: int
    text: str
    day: date
    until: date | None
    dashboard_id: int | None
    version: int


class LinkIn(Schema):
    """`query` is the state of the filter bar that is shown. `origins` are the sites that may embed the page; such a
    link has no password. Without `expires_at` it is open until it is revoked.
    """

    label: Text = Field("", max_length=80)
    query: BarQuery = ""
    password: Text = Field("", max_length=100)
    expires_at: AwareDatetime | None = None
    origins: list[Text] = Field(default=[], max_length=50)


class LinkOut(Schema):
    """A link without its secret, of which only the digest is kept."""

    id: int
    label: str
    query: str
    origins: list[str]
    asks_password: bool
    is_open: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    seen_at: datetime | None

    @staticmethod
    def resolve_asks_password(row: ShareLink) -> bool:
        return bool(row.password)

    @staticmethod
    def resolve_is_open(row: ShareLink) -> bool:
        return row.is_open()


class LinkMade(Schema):
    """`address` is told this once."""

    link: LinkOut
    address: str


class MailIn(Schema):
    """`people` are ids of members, `weekdays` count from Monday (1), `hour` is of the product's clock."""

    people: list[Id] = Field(min_length=1, max_length=100)
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(min_length=1, max_length=7)
    hour: int = Field(9, ge=0, le=23)
    variant: Id | None = None
    skip_holidays: bool = False


class RecipientOut(Schema):
    user_id: int
    name: str
    unsubscribed_at: datetime | None


class MailOut(Schema):
    id: int
    weekdays: list[int]
    hour: int
    variant_id: int | None
    skip_holidays: bool
    created_by_id: int
    created_at: datetime
    recipients: list[RecipientOut]

    @staticmethod
    def resolve_recipients(row: Subscription) -> list[Any]:
        return [
            RecipientOut(user_id=one.user_id, name=one.user.shown_name, unsubscribed_at=one.unsubscribed_at)
            for one in row.recipients.all()
        ]

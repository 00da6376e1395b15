"""What the API takes and gives about products, their people and keys."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from yunying.platform.products.rest import Id, Text

Name = Annotated[Text, Field(min_length=1, max_length=100)]
LongText = Annotated[Text, Field(max_length=5000)]
RoleName = Literal["owner", "operator", "pm", "developer", "marketer", "support", "viewer"]
AddressPolicyName = Literal["drop", "truncate", "full"]
Scope = Literal["view", "see_people", "edit_reports", "edit_goals", "manage_data", "manage_product", "manage_members"]


class Strict(Schema):
    """A body in which a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Caller(Schema):
    """Who the key or session belongs to, and the short names of the products it opens."""

    kind: Literal["user", "api_key"]
    id: int
    name: str
    products: list[str]


class OrganisationOut(Schema):
    id: int
    name: str
    created_at: datetime


class ProductOut(Schema):
    id: int
    slug: str
    name: str
    organisation_id: int
    about: str
    core_functions: str
    platforms: list[str]
    scope: str
    stage: str
    timezone: str
    week_start: int
    currency: str
    languages: list[str]
    notice: str
    address_policy: AddressPolicyName
    own_domains: list[str]
    leave_bots_out: bool
    created_at: datetime


class Profile(Strict):
    about: LongText = ""
    core_functions: LongText = ""
    platforms: list[Text] = Field(default=[], max_length=50)
    scope: LongText = ""
    stage: Literal["pre_launch", "launched"] = "launched"
    timezone: Annotated[Text, Field(max_length=64)] = "UTC"
    week_start: Literal[1, 7] = 1
    currency: Annotated[Text, Field(pattern="^[A-Z]{3}$")] = "CNY"
    languages: list[Text] = Field(default=[], max_length=50)
    notice: LongText = ""
    address_policy: AddressPolicyName = Field(
        default="drop", description="What is stored of the address an event came from; the region is read before."
    )
    own_domains: list[Annotated[Text, Field(max_length=253)]] = Field(
        default=[], max_length=50, description="Pages of the product itself, which do not count as referring sites."
    )
    leave_bots_out: bool = Field(default=False, description="Reports do not count events that carry `$bot`.")


class ProductIn(Profile):
    organisation_id: Id
    name: Name
    slug: Annotated[Text, Field(max_length=50, pattern="^[a-z0-9-]*$")] = ""


class ProductPatch(Profile):
    """Only the fields that are sent are changed."""

    name: Name = "-"


class MemberOut(Schema):
    user_id: int
    name: str
    email: str
    role: RoleName
    own_role: bool = Field(description="The role holds in this product only.")
    since: datetime


class RoleIn(Strict):
    role: RoleName | Literal[""] = Field(description="Empty: as in the organisation.")


class WriteKeyIn(Strict):
    name: Name


class WriteKeyOut(Schema):
    id: int
    name: str
    token: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeyIn(Strict):
    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=20)


class ApiKeyOut(Schema):
    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    secret: str = Field(description="Shown in this answer only.")

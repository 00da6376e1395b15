"""What every API router builds on: who calls, ids, and pages of lists."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.errors import HttpError
from ninja.pagination import PaginationBase
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf
from pydantic import AfterValidator

from yunying.base import clock, ids
from yunying.platform.accounts import limits
from yunying.platform.accounts.models import User
from yunying.platform.products.http import api_access
from yunying.platform.products.models import ApiKey

__all__ = ["Id", "KeyAuth", "Pages", "SessionAuth", "Text", "api_access"]

CALLS_PER_MINUTE = 600
WRONG_KEYS_PER_MINUTE = 30
USED_EVERY_S = 60

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the character U+0000 is not allowed")
    return text


Text = Annotated[str, AfterValidator(_no_nul)]
"""Text without U+0000, which PostgreSQL cannot keep."""


class KeyAuth(HttpBearer):
    """`Authorization: Bearer ys_…`"""

    openapi_description = "A secret key made on the product's settings page."

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = (
            ApiKey.objects.select_related("product__organisation")
            .filter(digest=ids.digest(token), revoked_at=None)
            .first()
        )
        if key is None:
            limits.count("api.wrong_key", request.META.get("REMOTE_ADDR", ""), most=WRONG_KEYS_PER_MINUTE, window_s=60)
            return None
        limits.count("api", f"key-{key.pk}", most=CALLS_PER_MINUTE, window_s=60)
        _mark_used(key)
        return key


def _mark_used(key: ApiKey) -> None:
    stale = clock.now() - timedelta(seconds=USED_EVERY_S)
    if key.last_used_at is None or key.last_used_at <= stale:
        # Many calls may see the old mark at once; the condition lets one of them write.
        unmarked = Q(last_used_at=None) | Q(last_used_at__lte=stale)
        ApiKey.objects.filter(unmarked, pk=key.pk).update(last_used_at=clock.now())


class SessionAuth(APIKeyCookie):
    """A signed-in browser; changes need the CSRF token in the header `X-CSRFToken`."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """The user whom the session middleware has found already, so the cookie itself (`key`) is not looked at."""
        user = request.user
        if not user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "csrf")
        limits.count("api", f"user-{user.pk}", most=CALLS_PER_MINUTE, window_s=60)
        return user


class Pages(PaginationBase):
    """`?limit=50&offset=0` → `{"items": […], "count": total}`; put `@paginate(Pages)` on a list endpoint."""

    class Input(Schema):
        limit: int = Field(50, ge=1, le=500)
        offset: int = Field(0, ge=0, le=1_000_000)

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], pagination: Any, request: HttpRequest, **params: Any
    ) -> dict[str, Any]:
        start, stop = pagination.offset, pagination.offset + pagination.limit
        count = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        return {"items": list(queryset[start:stop]), "count": count}

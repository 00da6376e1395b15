"""The calls of a recipe: requests to the REST API inside this process."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from yunying.base import clock
from yunying.base.errors import Bug, msg
from yunying.demo.moving import Moved, filled

if TYPE_CHECKING:
    from yunying.platform.products.access import ProductAccess

__all__ = ["Call", "api"]

Call = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
"""Makes one request with what earlier ones kept; returns what this one keeps."""


@contextmanager
def api(access: "ProductAccess", moved: Moved) -> Iterator[Call]:
    """A caller of the REST API, with a secret key that lives as long as the block.

    A request with "on" is made as of nine in the morning of that day, so that what it makes is dated then. Raises Bug
    when a request is refused.
    """
    from django.test import Client

    from yunying.platform.products.access import Permission
    from yunying.platform.products.services.keys import create_api_key, revoke_api_key

    made = create_api_key(access=access, name="Demo", scopes=[one.value for one in Permission if access.may(one)])
    client = Client(headers={"authorization": f"Bearer {made.secret}"}, SERVER_NAME="localhost")

    def call(request: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
        method, path = request["call"].split(" ", 1)
        body = json.dumps(filled(request.get("body", {}), kept, moved))
        url = f"/api/v1/products/{access.product.slug}/{filled(path, kept, moved)}".rstrip("/")
        with _as_of(request, moved):
            answer = client.generic(method, url, body, content_type="application/json")
        if answer.status_code >= 400:
            raise Bug(
                "demo.call",
                msg("%(call)s was answered with %(status)d: %(answer)s"),
                call=request["call"],
                status=answer.status_code,
                answer=answer.content.decode()[:500],
            )
        return {name: _inside(answer.json(), where) for name, where in request.get("keep", {}).items()}

    try:
        yield call
    finally:
        revoke_api_key(access=access, key_id=made.key.pk)


def _as_of(request: Mapping[str, Any], moved: Moved) -> AbstractContextManager[Any]:
    on = request.get("on")
    return clock.fixed(moved.morning_of(filled(on, {}, moved))) if on else nullcontext()


def _inside(answer: Any, where: str) -> Any:
    for part in where.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer

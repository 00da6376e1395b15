"""The REST API as a whole: its errors, its OpenAPI document and its reference page."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from yunying.base.errors import InvalidInput, NotAllowed, YunyingError, msg
from yunying.platform.console.reference import sections
from yunying.platform.products.rest import KeyAuth, SessionAuth
from yunying.platform.ui.errors import Problem, problem_of, problem_response
from yunying.platform.ui.page import render

__all__ = ["Api", "new_api"]

_ERRORS = {
    400: "What was sent cannot be used; `errors` says what to change, by field.",
    401: "No valid key or session.",
    403: "The caller lacks the right for this.",
    404: "Absent, or hidden from this caller: both look the same.",
    409: "It changed or exists already.",
    429: "Too many requests or too much of something; see `Retry-After`.",
    503: "A part is away or full; see `Retry-After`.",
}
_PROBLEM = {
    "title": "Problem",
    "description": "An error as RFC 9457 writes it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, to decide by."},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "incident": {"type": "string"},
        "retry_after_s": {"type": "integer"},
    },
}


class Reference(DocsBase):
    """The reference as a page of ours: no script, nothing from elsewhere."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema()
        context = {
            "sections": sections(schema),
            "openapi_url": self.get_openapi_url(api, kwargs),
            "info": schema["info"],
        }
        return render(request, "console/reference.html", context)


class Api(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The document with our errors on every operation."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Problem"] = _PROBLEM
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        errors = {status: {"description": text, "content": content} for status, text in _ERRORS.items()}
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"] = {**operation["responses"], **errors}
        return schema


def new_api() -> Api:
    """The API without routers; `yunying.api` hangs those in."""
    api = Api(
        title="Yunying",
        version="1",
        description="The same commands and reads as the pages. Errors are problem+json; lists come in pages.",
        urls_namespace="api",
        auth=[KeyAuth(), SessionAuth()],
        docs=Reference(),
    )
    handlers: dict[type[Exception], Any] = {
        YunyingError: _answer,
        Http404: _answer,
        ValidationError: _invalid,
        AuthenticationError: _stranger,
        HttpError: _http,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
    return api


def _answer(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem_response(request, problem_of(error))


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for one in error.errors:
        # The first parts are where it stands (path, query, body) and the parameter's name in our code.
        place = ".".join(str(part) for part in one["loc"] if part not in ("body", "query", "path", "payload"))
        fields.setdefault(place, []).append(one["msg"])
    problem = problem_of(InvalidInput("input.invalid", msg("Some of what was sent cannot be used. See “errors”.")))
    return problem_response(
        request, Problem(problem.status, problem.code, problem.title, problem.detail, errors=fields)
    )


def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    problem = Problem(
        status=401,
        code="access.unknown",
        title=_("Who are you?"),
        detail=_("Send an API key as “Authorization: Bearer ys_…”, or sign in."),
    )
    response = problem_response(request, problem)
    response["WWW-Authenticate"] = "Bearer"
    return response


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:
        return _answer(request, NotAllowed("form.stale", msg("Send the CSRF token in the header X-CSRFToken.")))
    if error.status_code == 400:
        return _answer(request, InvalidInput("input.unreadable", msg("The body is not valid JSON.")))
    return problem_response(request, Problem(error.status_code, "http", error.message, error.message))

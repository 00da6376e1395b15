"""From an exception to what the asker sees: a page, a part of a page (htmx) or problem+json (RFC 9457).

Nothing internal leaves the program: an unexpected exception becomes an incident number, and the log line with that
number has the rest.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from yunying.base.errors import Bug, InvalidInput, NotAllowed, NotFound, YunyingError, msg
from yunying.base.ids import uuid7
from yunying.platform.ui.page import is_htmx

__all__ = ["ErrorMiddleware", "Problem", "problem_of", "problem_response", "wants_json"]

log = logging.getLogger("yunying.errors")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in the reader's language. `errors` holds messages by input field; `incident` is set for bugs only."""

    status: int
    code: str
    title: str
    detail: str
    errors: dict[str, list[str]] = field(default_factory=dict)
    incident: str = ""
    retry_after_s: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The members of RFC 9457, and `code`, `errors`, `incident`, `retry_after_s` where they mean something."""
        body: dict[str, Any] = {
            "type": f"urn:yunying:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        extra = {"errors": self.errors, "incident": self.incident, "retry_after_s": self.retry_after_s}
        return body | {name: value for name, value in extra.items() if value}


def problem_of(error: BaseException) -> Problem:
    """Any exception as a Problem. Bugs and unknown exceptions are logged once, here, under a new incident number."""
    known = _known(error)
    if known is None or isinstance(known, Bug):
        return _incident(error)
    detail = _message(known)
    return Problem(
        status=known.status,
        code=known.code,
        title=_titles().get(known.status, _("This did not work")),
        detail=detail,
        errors={known.field: [detail]} if known.field else {},
        retry_after_s=known.data.get("retry_after_s"),
    )


def problem_response(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem in the shape the asker understands."""
    if wants_json(request):
        response: HttpResponse = JsonResponse(
            problem.to_json(), status=problem.status, content_type="application/problem+json"
        )
    elif is_htmx(request):
        html = render_to_string("ui/_error.html", {"problem": problem}, request)
        response = HttpResponse(html, status=problem.status)
        response["HX-Retarget"] = "#alerts"
        response["HX-Reswap"] = "innerHTML show:window:top"
    else:
        response = HttpResponse(_page(request, problem), status=problem.status)
    if problem.retry_after_s:
        response["Retry-After"] = str(problem.retry_after_s)
    return response


def wants_json(request: HttpRequest) -> bool:
    """The API always speaks JSON; elsewhere only to who asks for JSON and not for HTML."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accept and "html" not in accept)


class ErrorMiddleware:
    """Turns exceptions of views into answers. In debug mode unexpected ones keep Django's traceback page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        unexpected = _known(error) is None or isinstance(error, Bug)
        if unexpected and settings.DEBUG:
            return None
        if unexpected:
            # Django does not tell its listeners of exceptions a middleware answers; the test client is one of them.
            got_request_exception.send(sender=type(self), request=request)
        return problem_response(request, problem_of(error))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_response(request, problem_of(BadRequest()))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_response(request, problem_of(exception if exception and _known(exception) else PermissionDenied()))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_response(request, problem_of(Http404()))


def server_error(request: HttpRequest) -> HttpResponse:
    """For what went wrong outside of views; Django has logged the exception already."""
    return problem_response(request, _incident(None))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = msg("This form is out of date. Go back, reload the page and send it again. Cookies must be allowed.")
    return problem_response(request, problem_of(NotAllowed("form.stale", text)))


def _known(error: BaseException | None) -> YunyingError | None:
    if isinstance(error, YunyingError):
        return error
    if isinstance(error, Http404):
        return NotFound("page.absent", msg("There is nothing at this address, or you have no access to it."))
    if isinstance(error, PermissionDenied):
        return NotAllowed("access.denied", msg("You do not have the right to do this. Ask an owner of the product."))
    if isinstance(error, SuspiciousOperation | BadRequest):
        return InvalidInput(
            "request.unusable", msg("The request could not be understood. Reload the page and try again.")
        )
    return None


def _incident(error: BaseException | None) -> Problem:
    number = uuid7().hex[-10:]
    log.error("incident %s", number, exc_info=error)
    return Problem(
        status=500,
        code="bug",
        title=_("Something went wrong on our side"),
        detail=_(
            "Nothing you did caused this. Try again; if it stays, tell your administrator this number: %(number)s."
        )
        % {"number": number},
        incident=number,
    )


def _message(error: YunyingError) -> str:
    return _(error.message) % error.data if error.data else _(error.message)


def _titles() -> dict[int, str]:
    return {
        400: _("Please check what you entered"),
        403: _("You may not do this"),
        404: _("Not found"),
        409: _("This has changed in the meantime"),
        429: _("That was too much at once"),
        503: _("Not available right now"),
    }


def _page(request: HttpRequest, problem: Problem) -> str:
    context = {"problem": problem}
    if problem.status == 500:
        # The frame asks the database who is signed in; when that is what failed, it must not fail again.
        return render_to_string("ui/error_plain.html", context)
    return render_to_string("ui/error.html", context, request)

"""The shape of every error, as a page, as a part of a page and as JSON."""

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from yunying.base.errors import (
    Bug,
    Conflict,
    InvalidInput,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    YunyingError,
)
from yunying.platform.ui.errors import ErrorMiddleware, csrf_failure, problem_of

HTML = {"HTTP_ACCEPT": "text/html"}
JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}
KINDS: list[tuple[YunyingError, int]] = [
    (InvalidInput("goal.due", "%(day)s is past.", field="due", day="Monday"), 400),
    (NotAllowed("access.denied", "No."), 403),
    (NotFound("goal.absent", "No such goal."), 404),
    (Conflict("goal.changed", "Changed."), 409),
    (LimitReached("query.too_long", "Too long."), 429),
    (Unavailable("store.away", "Away.", retry_after_s=7), 503),
]


def answer(rf: RequestFactory, error: Exception, path: str = "/p/tea/goals/", **headers: Any) -> HttpResponse:
    request = rf.get(path, **headers)
    middleware = ErrorMiddleware(lambda _: HttpResponse())
    response = middleware.process_exception(request, error)
    assert response is not None
    return response


@pytest.mark.parametrize(("error", "status"), KINDS, ids=lambda v: type(v).__name__)
def test_json_has_the_members_of_rfc_9457(rf: RequestFactory, error: YunyingError, status: int) -> None:
    response = answer(rf, error, **JSON)
    body = json.loads(response.content)
    assert response.status_code == body["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["type"] == f"urn:yunying:error:{error.code}"
    assert body["code"] == error.code
    assert body["detail"] == error.text


@pytest.mark.parametrize(("error", "status"), KINDS, ids=lambda v: type(v).__name__)
@pytest.mark.django_db
def test_a_browser_gets_a_page(rf: RequestFactory, error: YunyingError, status: int) -> None:
    response = answer(rf, error, **HTML)
    assert response.status_code == status
    assert b"<!doctype html>" in response.content
    assert error.text.encode() in response.content


@pytest.mark.parametrize(("error", "status"), KINDS, ids=lambda v: type(v).__name__)
def test_htmx_gets_an_alert_for_the_message_area(rf: RequestFactory, error: YunyingError, status: int) -> None:
    response = answer(rf, error, **HTMX)
    assert response.status_code == status
    assert response["HX-Retarget"] == "#alerts"
    assert b'role="alert"' in response.content
    assert b"<html" not in response.content


def test_the_field_at_fault_is_named(rf: RequestFactory) -> None:
    body = json.loads(answer(rf, KINDS[0][0], **JSON).content)
    assert body["errors"] == {"due": ["Monday is past."]}


def test_the_api_speaks_json_to_everybody(rf: RequestFactory) -> None:
    response = answer(rf, KINDS[2][0], "/api/v1/products", **HTML)
    assert response["Content-Type"] == "application/problem+json"


def test_when_to_come_back_is_a_header_too(rf: RequestFactory) -> None:
    response = answer(rf, KINDS[5][0], **JSON)
    assert response["Retry-After"] == "7"
    assert json.loads(response.content)["retry_after_s"] == 7


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), Bug("x", "password=hunter2")])
@pytest.mark.parametrize("headers", [HTML, JSON, HTMX], ids=["page", "json", "htmx"])
def test_a_bug_shows_a_number_and_nothing_else(
    rf: RequestFactory, error: Exception, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "yunying.errors"):
        response = answer(rf, error, **headers)
    assert response.status_code == 500
    assert b"hunter2" not in response.content
    number = caplog.records[0].getMessage().split()[-1]
    assert number.encode() in response.content
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("secret path"), 404, "page.absent"),
        (PermissionDenied("secret"), 403, "access.denied"),
        (SuspiciousOperation("secret"), 400, "request.unusable"),
    ],
)
def test_exceptions_of_django_are_answered_the_same_way(
    rf: RequestFactory, error: Exception, status: int, code: str
) -> None:
    body = json.loads(answer(rf, error, **JSON).content)
    assert (body["status"], body["code"]) == (status, code)
    assert "secret" not in json.dumps(body)


def test_messages_are_written_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunying.platform.ui.errors._", lambda text: {"%(n)d left.": "剩 %(n)d 个。"}.get(text, text))
    with translation.override("zh-hans"):
        assert problem_of(LimitReached("x", "%(n)d left.", n=3)).detail == "剩 3 个。"


@pytest.mark.django_db
def test_an_address_that_does_not_exist_is_a_page_of_ours(client: Client) -> None:
    response = client.get("/no/such/page")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
    body = client.get("/no/such/page", HTTP_ACCEPT="application/json").json()
    assert body["code"] == "page.absent"


def test_a_stale_form_says_what_to_do(rf: RequestFactory) -> None:
    response = csrf_failure(rf.post("/", **JSON), "token missing")
    assert response.status_code == 403
    assert json.loads(response.content)["code"] == "form.stale"


@pytest.mark.django_db
def test_a_form_without_token_is_refused_by_our_page() -> None:
    response = Client(enforce_csrf_checks=True).post("/ui/theme", {"theme": "dark"})
    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


def test_a_failing_database_does_not_break_the_error_page(rf: RequestFactory) -> None:
    """Without the django_db mark any query would raise; the page must not need one."""
    request: HttpRequest = rf.get("/", **HTML)
    response = ErrorMiddleware(lambda _: HttpResponse()).process_exception(request, RuntimeError())
    assert response is not None
    assert response.status_code == 500

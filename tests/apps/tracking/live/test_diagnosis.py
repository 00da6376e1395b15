"""Why no event comes, in words."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.live import diagnosis
from yunying.apps.tracking.live.diagnosis import findings, of_address, private
from yunying.collect import knocks as knocking
from yunying.collect.knocks import Knocks
from yunying.events.event import Refusal

PUBLIC = "https://events.example.com"


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The address itself is not asked; what it would say is `answer["wrong"]`."""
    answer: dict[str, Any] = {"wrong": None}
    monkeypatch.setattr(diagnosis, "what_is_wrong", lambda _url: answer["wrong"])
    monkeypatch.setattr(diagnosis.cache, "get", lambda _key: None)
    return answer


@pytest.mark.parametrize(
    ("host", "is_private"),
    [
        ("localhost", True), ("127.0.0.1", True), ("10.2.3.4", True), ("192.168.1.9", True), ("::1", True),
        ("fd00::1", True), ("intranet", True), ("yunying.lan", True), ("app.internal", True), ("x.home.arpa", True),
        ("events.example.com", False), ("8.8.8.8", False), ("2606:4700::1111", False),
    ],
)  # fmt: skip
def test_private_addresses_are_known_by_their_names(host: str, is_private: bool) -> None:
    assert private(host) is is_private


def texts(host: str) -> str:
    return " ".join(one.text for one in of_address(host))


def test_an_address_is_judged_as_programs_elsewhere_see_it(nobody_is_asked: dict[str, Any]) -> None:
    assert texts(PUBLIC) == ""
    assert "private network" in texts("http://127.0.0.1:8642")
    assert "not https" in texts("http://events.example.com")
    nobody_is_asked["wrong"] = ("tls.expired", "The certificate has expired: renew it.")
    assert texts(PUBLIC) == "The certificate has expired: renew it."


def test_what_was_refused_comes_first_with_its_reason(ingest: Ingest, product: Any) -> None:
    for number in range(3):
        refusal = Refusal(
            product=product.pk,
            id=uuid4().hex,
            received_ms=2_500_000_000_000 + number,
            protocol="own",
            code="event.name_missing",
            reason="The event has no name.",
            body="{}",
            data={"message": "The event has no name.", "values": {}},
        )
        ingest.refuse([refusal], token=uuid4().hex)
    found = findings(product.pk, "http://localhost", sees_sites=False)
    assert found[0].sure and found[0].text == "3 events came and were refused: The event has no name."
    assert not found[1].sure


def test_requests_with_a_wrong_key_are_told_and_their_sites_to_administrators_only(
    product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    knocks = Knocks()
    knocks.failed("posthog", "key.unknown", "https://shop.example")
    knocks.failed("posthog", "key.unknown", "https://shop.example")
    knocks.failed("own", "body.not_json", "")
    knocks.asked("https://blog.example")
    later = knocking.monotonic_s() + 20
    monkeypatch.setattr(knocking, "monotonic_s", lambda: later)
    monkeypatch.setattr(diagnosis, "local", lambda: SimpleNamespace(knocks=knocks))
    all_of_it = "\n".join(one.text for one in findings(product.pk, PUBLIC, sees_sites=True))
    assert "2 requests (PostHog) from shop.example came with a write key that nobody has" in all_of_it
    assert "blog.example whether it may send" in all_of_it and "could not be read" in all_of_it
    others = "\n".join(one.text for one in findings(product.pk, PUBLIC, sees_sites=False))
    assert "shop.example" not in others and "2 requests (PostHog) from somewhere" in others


def test_the_waiting_line_says_what_is_wrong(browser: Any, product: Any) -> None:
    from yunying.platform.products.models import WriteKey

    WriteKey.objects.get_or_create(product=product, defaults={"name": "site", "token": "yk_setup"})
    page = browser.get(f"/p/{product.slug}/data/setup/").content.decode()
    assert "private network" in page and "data-live-reach" in page
    part = browser.get(f"/p/{product.slug}/data/setup/waiting/", headers={"HX-Request": "true"}).content.decode()
    assert "private network" in part

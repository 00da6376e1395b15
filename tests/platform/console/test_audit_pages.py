"""The page of the audit log: readable, filterable, exported, and never another organisation's."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import Cast, actor
from yunying.platform.accounts.models import User
from yunying.platform.audit.services import record

pytestmark = pytest.mark.django_db

AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _changes(people: Cast) -> None:
    ada, dee = actor(people.ada), actor(people.dee)
    record(
        ada,
        "goal.closed",
        ("goal", 3, "Grow"),
        product_id=people.product.pk,
        before={"status": "open", "note": "<b>"},
        after={"status": "closed", "note": ""},
    )
    record(ada, "report.created", ("report", 4, "Orders"), product_id=people.product.pk)
    record(ada, "member.joined", ("member", 5, "Newcomer"), organisation_id=people.organisation.pk)
    record(dee, "goal.closed", ("goal", 9, "Hidden"), product_id=people.other.pk)
    record(dee, "member.joined", ("member", 6, "Stranger"), organisation_id=people.elsewhere.pk)
    record(ada, "account.created", ("account", 7, "House business"))


def _text(response: object) -> str:
    streaming = getattr(response, "streaming", False)
    content = b"".join(response.streaming_content) if streaming else response.content  # type: ignore[attr-defined]
    return content.decode("utf-8-sig")


def test_owner_reads_who_changed_what_from_where(browser: Client) -> None:
    page = _text(browser.get("/audit/"))
    for text in ("Ada", "Goal: closed", "Goal Grow", "<del>open</del>", "<ins>closed</ins>", "203.0.113.7", "Newcomer"):
        assert text in page
    assert "<b></del>" not in page


def test_owner_sees_nothing_of_other_organisations_or_the_house(browser: Client, people: Cast) -> None:
    page = _text(browser.get("/audit/"))
    for text in ("Hidden", "Stranger", "House business", "Dee", "Elsewhere"):
        assert text not in page
    stolen = _text(browser.get(f"/audit/?product={people.other.pk}&export=csv"))
    assert "Hidden" not in stolen


def test_superuser_sees_everything(as_user: AsUser) -> None:
    page = _text(as_user(User.objects.create_superuser("root@example.com")).get("/audit/"))
    for text in ("Grow", "Hidden", "Newcomer", "Stranger", "House business"):
        assert text in page


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("verb=goal.closed", {"Grow"}),
        ("kind=report", {"Orders"}),
        ("q=Newco", {"Newcomer"}),
        ("until=2000-01-01", set()),
        ("since=2000-01-01", {"Grow", "Orders", "Newcomer"}),
        ("since=nonsense", {"Grow", "Orders", "Newcomer"}),
        ("since=2000-13-45", {"Grow", "Orders", "Newcomer"}),
    ],
)
def test_filters_narrow_the_list(browser: Client, query: str, seen: set[str]) -> None:
    text = _text(browser.get(f"/audit/?{query}&export=csv"))
    assert {name for name in ("Grow", "Orders", "Newcomer") if name in text} == seen


def test_export_carries_the_changes_as_text(browser: Client) -> None:
    assert "status: open → closed" in _text(browser.get("/audit/?export=csv"))


def test_page_costs_the_same_however_many_entries(
    browser: Client, people: Cast, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(60):
        record(actor(people.ada), "goal.closed", ("goal", number, "G"), product_id=people.product.pk)
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        assert browser.get("/audit/").status_code == 200

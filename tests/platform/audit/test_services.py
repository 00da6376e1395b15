"""The audit log: written with the change, readable, free of secrets, and sealed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from yunying.base import clock
from yunying.base.actor import Actor, ActorKind
from yunying.platform.audit import selectors, services
from yunying.platform.audit.models import ChainHead, Entry
from yunying.platform.audit.selectors import EntryFilter, Scope

pytestmark = pytest.mark.django_db

ADA = Actor(ActorKind.USER, 7, "Ada", ip="203.0.113.5", user_agent="Firefox")


def _close(name: str = "Grow", product_id: int | None = 1, **sides: dict[str, object]) -> Entry:
    return services.record(ADA, "goal.closed", ("goal", 3, name), product_id=product_id, **sides)  # type: ignore[arg-type]


def test_entry_says_who_what_on_which_and_from_where() -> None:
    entry = _close(before={"status": "open"}, after={"status": "closed"})
    entry.refresh_from_db()
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == ("user", 7, "Ada")
    assert (entry.ip, entry.user_agent) == ("203.0.113.5", "Firefox")
    assert (entry.verb, entry.target_kind, entry.target_id, entry.target_name) == ("goal.closed", "goal", "3", "Grow")
    assert entry.changes() == [("status", "open", "closed")]


def test_equal_fields_are_left_out() -> None:
    entry = _close(
        before={"name": "Grow", "due": None}, after={"name": "Grow", "due": datetime(2026, 1, 1, tzinfo=UTC)}
    )
    assert entry.changes() == [("due", None, "2026-01-01T00:00:00Z")]


def test_values_are_kept_as_json_can_carry_them() -> None:
    entry = _close(after={"target": Decimal("1.50")})
    entry.refresh_from_db()
    assert entry.after == {"target": "1.50"}


@pytest.mark.parametrize("name", ["password", "api_token", "client_secret", "digest"])
def test_secrets_are_masked_but_their_change_is_seen(name: str) -> None:
    entry = _close(before={name: "old-s3cret"}, after={name: "new-s3cret"})
    entry.refresh_from_db()
    assert entry.changes() == [(name, services.MASK, services.MASK)]


def test_secrets_inside_nested_values_are_masked() -> None:
    entry = _close(after={"provider": {"name": "Okta", "client_secret": "s3cret"}, "list": [{"token": "s3cret"}]})
    assert "s3cret" not in str(entry.after)
    assert entry.after["provider"]["name"] == "Okta"


def test_rolled_back_change_leaves_no_entry() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        _close()
        raise RuntimeError
    assert not Entry.objects.exists()


def test_sealed_chain_verifies_and_grows() -> None:
    for _ in range(3):
        _close(after={"text": "目标 – 完成", "ratio": 0.1})
    assert services.seal() == 3
    assert services.seal() == 0
    _close()
    assert services.verify() is None
    services.seal()
    assert services.verify() is None
    assert [e.place for e in services.chained()] == [1, 2, 3, 4]


def test_changed_entry_is_found() -> None:
    for _ in range(4):
        _close()
    services.seal()
    Entry.objects.filter(place=2).update(actor_name="Mallory")
    assert services.verify() == 2


def test_removed_entry_is_found() -> None:
    for _ in range(4):
        _close()
    services.seal()
    Entry.objects.filter(place=3).delete()
    assert services.verify() == 3


def test_removed_last_entry_is_found() -> None:
    for _ in range(4):
        _close()
    services.seal()
    Entry.objects.filter(place=4).delete()
    assert services.verify() == 4


def test_changed_head_is_found() -> None:
    _close()
    services.seal()
    ChainHead.objects.update(seal="0" * 64)
    assert services.verify() == 2


def test_reader_sees_only_the_products_and_organisations_they_may_see() -> None:
    mine, _other, _house = _close(product_id=1), _close(product_id=2), _close(product_id=None)
    ours = services.record(ADA, "member.joined", ("member", 1, "Bo"), organisation_id=5)
    services.record(ADA, "member.joined", ("member", 2, "Dee"), organisation_id=6)
    scope = Scope(products=frozenset({1}), organisations=frozenset({5}))
    assert list(selectors.entries(scope)) == [ours, mine]
    assert selectors.entries(Scope(everything=True)).count() == 5
    assert not selectors.entries(Scope()).exists()


def test_filters_narrow_the_list() -> None:
    everything = Scope(everything=True)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with clock.fixed(start) as time:
        first = _close("Grow")
        time.advance(timedelta(hours=1))
        second = services.record(ADA, "goal.opened", ("goal", 4, "Keep"), product_id=1)
    assert list(selectors.entries(everything, EntryFilter(verb="goal.closed"))) == [first]
    assert list(selectors.entries(everything, EntryFilter(until=second.at))) == [first]
    assert list(selectors.entries(everything, EntryFilter(since=second.at))) == [second]
    assert list(selectors.entries(everything, EntryFilter(target_kind="goal", target_id="4"))) == [second]
    assert selectors.verbs(everything) == ["goal.closed", "goal.opened"]
    assert selectors.kinds(Scope(products=frozenset({1}))) == ["goal"]
    assert selectors.people(everything) == [(7, "Ada")]

"""Erasing a person, exporting everything about them, keeping events for their time."""

import csv
import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zipfile import ZipFile

import pytest

from yunying.apps.tracking.models import DistinctId, ErasedId, Erasure, IdLink, Merge, Person, RetentionRule
from yunying.apps.tracking.privacy import retention
from yunying.apps.tracking.privacy.erasing import due_for_sweep, erase, sweep
from yunying.apps.tracking.privacy.export import everything_about
from yunying.apps.tracking.privacy.services import request_erasure
from yunying.apps.tracking.privacy.tasks import erase_person
from yunying.base.clock import FixedClock
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.events.event import Link, LinkKind, Op, OpKind, Refusal
from yunying.platform.audit.models import Entry
from yunying.store import EVENTS, Sql

if TYPE_CHECKING:
    from tests.conftest import Cast
    from yunying.platform.products.models import Product

NAMES = f"SELECT distinct_id FROM {EVENTS} WHERE product = {{product:UInt32}} ORDER BY distinct_id"
EMAIL = "ann@example.org"


pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def ann(write, event, ingest, product) -> Person:
    """Ann, who visited anonymously and then signed in; Bob, who did the like; and what was refused of both."""
    write(
        event("anon-77", "visit"),
        event(EMAIL, "order", links=[Link(LinkKind.IDENTIFY, "anon-77", EMAIL)], person_ops=[Op(OpKind.SET, "vip", 1)]),
        event("bob", "visit"),
    )
    ingest.refuse(
        [refusal(product, {"distinct_id": EMAIL}), refusal(product, {"distinct_id": "bob"})], token=uuid4().hex
    )
    return Person.objects.get(product=product, properties__vip=1)


def refusal(product: "Product", body: dict[str, Any]) -> Refusal:
    # Long from now: the engine drops rows older than thirty days by a clock of its own.
    return Refusal(
        product.pk, uuid4().hex, 2_500_000_000_000, "own", "event.name_missing", "No name.", json.dumps(body)
    )


def erased(access: Any, person: Person) -> Erasure:
    erasure = request_erasure(access=access, person=person, reason="asked by mail, ticket 12")
    erase(erasure)
    erasure.refresh_from_db()
    return erasure


def test_nothing_of_an_erased_person_is_seen_any_more(ann, access, ask, product) -> None:
    erasure = erased(access, ann)
    assert ask(NAMES) == [("bob",)]
    assert ask("SELECT body FROM refused FINAL WHERE product = {product:UInt32}") == [('{"distinct_id": "bob"}',)]
    for table in ("people", "arrivals"):
        where = "WHERE product = {product:UInt32} AND person IN {numbers:Array(UInt32)}"
        assert ask(f"SELECT count() FROM {table} {where}", numbers=erasure.numbers) == [(0,)]
    assert list(DistinctId.objects.filter(product=product).values_list("distinct_id", flat=True)) == ["bob"]
    assert not Merge.objects.filter(product=product).exists()
    assert not IdLink.objects.filter(product=product).exists()
    assert Person.objects.filter(product=product).count() == 1
    assert {"events": 2, "distinct ids": 2, "persons": 2, "merges": 2, "refused": 1}.items() <= erasure.proof.items()


def test_what_is_kept_of_an_erasure_does_not_say_who_it_was(ann, access, product) -> None:
    erasure = erased(access, ann)
    kept = [*ErasedId.objects.values(), *Erasure.objects.values(), *Entry.objects.values()]
    assert erasure.numbers and EMAIL not in str(kept) and "anon-77" not in str(kept)


@pytest.mark.parametrize("late", [0, 5 * 365])
def test_a_late_retry_does_not_bring_an_erased_id_back(
    ann, access, ask, write, event, clock: FixedClock, late: int
) -> None:
    erased(access, ann)
    clock.advance(timedelta(days=late))
    write(event(EMAIL, "order"), event("carol", links=[Link(LinkKind.IDENTIFY, "anon-77", "carol")]), event("bob"))
    assert ask(NAMES) == [("bob",), ("bob",), ("carol",)]
    assert not DistinctId.objects.filter(distinct_id__in=[EMAIL, "anon-77"]).exists()


def test_what_happens_after_an_erasure_is_somebody_new(ann, access, ask, write, event, product, clock) -> None:
    number = erased(access, ann).numbers[0]
    write(event(EMAIL, "visit", minute=60 * 24 * 365))
    new = DistinctId.objects.get(product=product, distinct_id=EMAIL)
    assert new.number != number
    assert ask(f"SELECT person FROM {EVENTS} WHERE product = {{product:UInt32}} AND distinct_id != 'bob'") == [
        (new.number,)
    ]


def test_a_refusal_that_mentions_an_erased_id_is_kept_without_its_body(ann, access, ask, ingest, product) -> None:
    erased(access, ann)
    deep = {"batch": [{"context": {"who": ["x", EMAIL]}}]}
    ingest.refuse([refusal(product, deep), refusal(product, {"distinct_id": "carol"})], token=uuid4().hex)
    bodies = ask("SELECT body FROM refused FINAL WHERE product = {product:UInt32} ORDER BY body")
    assert bodies == [("",), ('{"distinct_id": "bob"}',), ('{"distinct_id": "carol"}',)]


def test_a_batch_on_its_way_is_removed_by_the_sweep(ann, access, ask, store, product, clock: FixedClock) -> None:
    erasure = erased(access, ann)
    assert due_for_sweep() == []
    late = (
        "INSERT INTO events (product, event, ts, person, uuid, distinct_id)"
        " SELECT {product:UInt32}, 'visit', now64(3), {person:UInt32}, generateUUIDv4(), 'anon-77'"
    )
    store.execute(Sql(late, {"product": product.pk, "person": erasure.numbers[0]}))
    clock.advance(timedelta(minutes=11))
    sweep(due_for_sweep())
    erasure.refresh_from_db()
    assert ask(NAMES) == [("bob",)]
    assert erasure.swept_at and erasure.numbers == []
    assert erasure.proof["left"] == 0 and erasure.proof["events"] == 3


def test_erasing_twice_or_after_a_crash_in_between_ends_the_same(ann, access, ask, monkeypatch) -> None:
    erasure = request_erasure(access=access, person=ann)
    with monkeypatch.context() as patched:
        patched.setattr("yunying.apps.tracking.privacy.erasing._delete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erase(erasure)
    for _ in range(2):
        erase(Erasure.objects.get(pk=erasure.pk))
    assert ask(NAMES) == [("bob",)]
    assert not DistinctId.objects.filter(distinct_id=EMAIL).exists()


def test_a_batch_that_was_looked_at_before_the_door_closed_is_looked_at_again(
    ann, access, write, event, ask, ingest, monkeypatch
) -> None:
    from yunying.apps.tracking import ingest as module

    look = module.admitted

    def late(events: Any, door: Any) -> Any:
        found = look(events, door)
        if not Erasure.objects.exists():
            erased(access, ann)  # while the batch is between its look and its transaction
        return found

    monkeypatch.setattr(module, "admitted", late)
    with pytest.raises(Exception, match="being erased"):
        write(event(EMAIL), token="late")
    write(event(EMAIL), token="late")
    assert ask(NAMES) == [("bob",)]


def test_the_reason_must_not_name_the_person(ann, access) -> None:
    with pytest.raises(InvalidInput) as error:
        request_erasure(access=access, person=ann, reason=f"{EMAIL.upper()} wrote to us")
    assert error.value.code == "erasure.reason_names"
    with pytest.raises(InvalidInput):
        request_erasure(access=access, person=ann, reason="x" * 201)


def test_only_who_manages_data_may_erase(ann, people: "Cast") -> None:
    with pytest.raises(NotAllowed):
        request_erasure(access=people.access("chen"), person=ann)


def test_the_export_holds_everything_about_a_person(ann, access, product) -> None:
    with everything_about(access, ann) as file, ZipFile(file) as archive:
        facts = json.loads(archive.read("person.json"))
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        table = list(csv.DictReader(io.StringIO(archive.read("events.csv").decode("utf-8-sig"))))
        ids = list(csv.reader(io.StringIO(archive.read("ids.csv").decode("utf-8-sig"))))
    assert facts["properties"] == {"vip": 1} and set(facts["distinct_ids"]) == {"anon-77", EMAIL}
    assert sorted(event["event"] for event in events) == sorted(row["event"] for row in table) == ["order", "visit"]
    assert {row[0] for row in ids[1:]} == {"anon-77", EMAIL}
    assert facts["merges"][0]["into"] == EMAIL


def test_an_export_opens_no_formula_in_a_spreadsheet(write, event, access, product) -> None:
    write(event("=HYPERLINK(1)", "+visit"))
    person = Person.objects.get(product=product)
    with everything_about(access, person) as file, ZipFile(file) as archive:
        assert "'=HYPERLINK(1)" in archive.read("ids.csv").decode("utf-8-sig")
        assert "'+visit" in archive.read("events.csv").decode("utf-8-sig")


def test_events_go_when_their_time_is_over(write, event, access, ask, product, clock: FixedClock) -> None:
    day = 24 * 60
    write(event("a", "visit", minute=-400 * day), event("b", "visit"), event("c", "order", minute=-400 * day))
    write(event("d", "order", minute=-800 * day), event("e", "log", minute=-20 * day))
    retention.keep_for(access=access, event="", days=365)
    retention.keep_for(access=access, event="order", days=730)
    retention.keep_for(access=access, event="log", days=7)
    assert [retention.would_go(product.pk, name, days) for name, days in (("", 365), ("order", 730), ("log", 7))] == [
        1,
        1,
        1,
    ]
    assert retention.apply_rules() == 3
    assert ask(NAMES) == [("b",), ("c",)]
    assert retention.apply_rules() == 0
    assert {rule.event: rule.removed for rule in RetentionRule.objects.all()} == {"": 1, "order": 1, "log": 1}


@pytest.mark.parametrize("days", [0, 6, 3_661])
def test_a_time_that_is_too_short_or_too_long_is_refused(access, days: int) -> None:
    with pytest.raises(InvalidInput) as error:
        retention.keep_for(access=access, event="", days=days)
    assert error.value.code == "retention.days"


# -- pages and API -------------------------------------------------------------------------------------------------


def test_a_person_is_erased_from_their_page_and_the_proof_is_shown(ann, browser, ask, product) -> None:
    client, root = browser, f"/p/{product.slug}/data"
    page = client.get(f"{root}/people/{ann.number}/erase/").content.decode()
    assert EMAIL in page and "anon-77" in page
    refused = client.post(f"{root}/people/{ann.number}/erase/", {"reason": "x"})
    assert refused.status_code == 422 and not Erasure.objects.exists()
    named = client.post(f"{root}/people/{ann.number}/erase/", {"reason": EMAIL, "sure": "on"})
    assert named.status_code == 422 and "must not name the person" in named.content.decode()
    done = client.post(f"{root}/people/{ann.number}/erase/", {"reason": "request 7", "sure": "on"})
    assert done.status_code == 302
    erase_person(Erasure.objects.get().pk)
    assert ask(NAMES) == [("bob",)]
    erasure = Erasure.objects.get()
    assert "request 7" in client.get(f"{root}/privacy/").content.decode()
    assert "Rows removed" in client.get(f"{root}/privacy/{erasure.pk}/").content.decode()
    assert client.get(f"{root}/privacy/{erasure.pk}/proof.json").json()["rows_removed"]["events"] == 2


def test_everything_is_offered_as_a_file(ann, browser, product) -> None:
    client, root = browser, f"/p/{product.slug}/data"
    assert "everything.zip" in client.get(f"{root}/people/{ann.number}/privacy/").content.decode()
    response = client.get(f"{root}/people/{ann.number}/everything.zip")
    with ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert "events.csv" in archive.namelist()


def test_rules_are_made_and_taken_back_on_the_page(browser, product, event, write) -> None:
    write(event("a", "visit"))
    client, root = browser, f"/p/{product.slug}/data"
    assert "All events are kept for ever." in client.get(f"{root}/privacy/").content.decode()
    assert client.post(f"{root}/privacy/", {"event": "", "days": "3"}).status_code == 422
    assert client.post(f"{root}/privacy/", {"event": "visit", "days": "30"}).status_code == 302
    rule = RetentionRule.objects.get(product=product)
    assert (rule.event, rule.days) == ("visit", 30)
    assert client.post(f"{root}/privacy/rules/{rule.pk}/drop/").status_code == 302
    assert not RetentionRule.objects.exists()

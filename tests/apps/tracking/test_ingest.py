"""What a batch leaves behind in both stores, once, twice and after a crash."""

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson
import pytest

from tests.apps.tracking.conftest import MARCH_MS
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import (
    Account,
    DistinctId,
    EventDefinition,
    Merge,
    Person,
    PropertyDefinition,
    WrittenBatch,
)
from yunying.base import clock
from yunying.base.errors import Unavailable
from yunying.events.event import Event, Link, LinkKind, Op, OpKind, Refusal
from yunying.store import EVENTS, OWNER, Store

if TYPE_CHECKING:
    from tests.conftest import Cast
    from yunying.platform.products.models import Product

COUNT = f"SELECT count() FROM {EVENTS} WHERE product = {{product:UInt32}}"
OWNERS = f"SELECT distinct_id, {OWNER} FROM {EVENTS} WHERE product = {{product:UInt32}} ORDER BY distinct_id"
PEOPLE = "SELECT person, born, props FROM people FINAL WHERE product = {product:UInt32} ORDER BY person"


def identify(source: str, target: str) -> list[Link]:
    return [Link(LinkKind.IDENTIFY, source, target)]


def set_(**values: Any) -> list[Op]:
    return [Op(OpKind.SET, key, value) for key, value in values.items()]


def test_an_event_is_stored_with_the_number_of_its_distinct_id(write, event, ask, product) -> None:
    write(event("ann", "visit", plan="pro", amount=1.5), event("bob", "order"))
    rows = ask(
        "SELECT event, distinct_id, person, props, toUnixTimestamp64Milli(ts) FROM events"
        " WHERE product = {product:UInt32} ORDER BY distinct_id"
    )
    numbers = dict(DistinctId.objects.filter(product=product).values_list("distinct_id", "number"))
    assert rows == [
        ("visit", "ann", numbers["ann"], '{"plan":"pro","amount":1.5}', MARCH_MS),
        ("order", "bob", numbers["bob"], "{}", MARCH_MS),
    ]


def test_the_same_batch_twice_adds_nothing(write, event, ask, ingest, store, product) -> None:
    batch = [event("ann", person_ops=[Op(OpKind.ADD, "logins", 1)]), event("bob")]
    write(*batch, token="same")
    Ingest(store, reload_s=0).write(batch, token="same")
    assert ask(COUNT) == [(2,)]
    assert EventDefinition.objects.get(product=product, name="visit").volume == 2
    assert Person.objects.get(product=product, properties__logins=1)


def test_an_event_sent_again_in_another_batch_is_one_event(write, event, ask, store) -> None:
    first = event("ann", person_ops=[Op(OpKind.ADD, "logins", 1)])
    write(first)
    write(first, event("bob"))
    # Another process has not seen the first batch at all: FINAL and the noted additions keep it exact.
    with patch("yunying.apps.tracking.write.repeats.Repeats.fresh", lambda _, events: list(events)):
        Ingest(store, reload_s=0).write([first], token="elsewhere")
    assert ask(COUNT) == [(2,)]
    assert Person.objects.filter(properties__logins=1).count() == 1


def test_a_crash_after_the_commit_is_healed_by_the_retry(event, ask, store, product) -> None:
    batch = [
        event("anon", person_ops=set_(plan="pro")),
        event("ann", links=identify("anon", "ann"), account="acme", account_ops=set_(seats=3)),
    ]
    with patch.object(Store, "insert", side_effect=Unavailable("store.away", "away")), pytest.raises(Unavailable):
        Ingest(store, reload_s=0).write(batch, token="crash")
    assert WrittenBatch.objects.filter(token="crash").exists()
    assert ask(COUNT) == [(0,)]
    Ingest(store, reload_s=0).write(batch, token="crash")
    ann = DistinctId.objects.get(product=product, distinct_id="ann").number
    assert ask(OWNERS) == [("ann", ann), ("anon", ann)]
    assert ('{"plan":"pro"}') in {row[2] for row in ask(PEOPLE)}
    assert ask("SELECT account, props FROM accounts FINAL WHERE product = {product:UInt32}") == [
        ("acme", '{"seats":3}')
    ]
    assert EventDefinition.objects.get(product=product, name="visit").volume == 2


def test_a_failed_transaction_leaves_nothing_and_the_retry_gets_everything(event, ask, store, product) -> None:
    ingest = Ingest(store, reload_s=0)
    batch = [event("ann", plan="pro")]
    with patch("yunying.apps.tracking.ingest.apply_account_ops", side_effect=RuntimeError), pytest.raises(RuntimeError):
        ingest.write(batch, token="t")
    assert not DistinctId.objects.filter(product=product).exists()
    ingest.write(batch, token="t")
    assert ask(COUNT) == [(1,)]
    assert PropertyDefinition.objects.get(product=product, name="plan").volume == 1


def test_identify_makes_one_person_also_of_earlier_events(write, event, ask, product) -> None:
    write(event("anon-1"), event("anon-2"), event("ann"))
    assert len({owner for _, owner in ask(OWNERS)}) == 3
    write(event("ann", links=identify("anon-1", "ann")), event("ann", links=identify("anon-2", "ann")))
    assert len({owner for _, owner in ask(OWNERS)}) == 1
    assert Person.objects.filter(product=product, merged_into=None).count() == 1


def test_two_known_users_are_not_merged_except_on_demand(write, event, ask) -> None:
    write(event("ann", links=identify("a0", "ann")), event("bob", links=identify("b0", "bob")))
    write(event("bob", links=identify("ann", "bob")))
    write(event("bob", links=[Link(LinkKind.ALIAS, "ann", "bob")]))
    assert len({owner for _, owner in ask(OWNERS)}) == 2
    assert list(Merge.objects.values_list("outcome", flat=True)) == ["done", "done", "both_known", "both_known"]
    write(event("bob", links=[Link(LinkKind.MERGE, "ann", "bob")]))
    assert len({owner for _, owner in ask(OWNERS)}) == 1


@pytest.mark.parametrize("rubbish", ["", "null", "undefined", "0", "Anonymous", "[object Object]", ' "NaN" '])
def test_nobody_is_merged_on_an_id_that_is_none(write, event, ask, rubbish: str) -> None:
    write(event("ann", links=identify(rubbish, "ann")), event("bob", links=identify("bob", rubbish)))
    assert len({owner for _, owner in ask(OWNERS)}) == 2
    assert set(Merge.objects.values_list("outcome", flat=True)) == {"rubbish"}


def test_properties_and_birth_move_to_the_person_that_stays(write, event, ask, product) -> None:
    write(event("anon", minute=-5, person_ops=[Op(OpKind.SET_ONCE, "source", "ads"), *set_(plan="free", city="Linz")]))
    write(event("ann", minute=0, person_ops=set_(plan="pro")))
    write(event("ann", minute=1, links=identify("anon", "ann")))
    ann = Person.objects.get(product=product, merged_into=None)
    assert ann.properties == {"plan": "pro", "city": "Linz", "source": "ads"}
    assert ann.born_ms == MARCH_MS - 5 * 60_000
    copies = [orjson.loads(props) for _, _, props in ask(PEOPLE)]
    assert sorted(copies, key=len) == [{}, {"plan": "pro", "source": "ads", "city": "Linz"}]


def test_an_older_event_moves_the_birth_back(write, event, ask, product) -> None:
    write(event("ann", minute=0))
    write(event("ann", minute=-90))
    assert Person.objects.get(product=product).born_ms == MARCH_MS - 90 * 60_000
    assert [born.minute for _, born, _ in ask(PEOPLE)] == [30]


def test_accounts_keep_properties_of_their_own(write, event, product) -> None:
    write(event("ann", account="acme", account_ops=set_(seats=3)))
    more = [Op(OpKind.ADD, "seats", 2)]
    write(event("bob", minute=1, account="acme", account_ops=more), event("bob", account="solo"))
    found = dict(Account.objects.filter(product=product).values_list("key", "properties"))
    assert found == {"acme": {"seats": 5}, "solo": {}}


def test_the_catalogue_fills_itself(write, event, product) -> None:
    write(*(event("ann", "order", minute=i, amount=i, day="2026-03-05", gift=i % 2 == 0) for i in range(10)))
    write(event("ann", "order", minute=-1, amount="12"), event("ann", "visit"))
    order = EventDefinition.objects.get(product=product, name="order")
    assert (order.volume, order.first_seen.minute, order.last_seen.minute) == (11, 59, 9)
    guesses = {p.name: p.guess for p in PropertyDefinition.objects.filter(product=product)}
    assert guesses["day"] == ("time", 1.0)
    assert guesses["gift"] == ("boolean", 1.0)
    assert guesses["amount"] == ("number", 5 / 6)


def test_new_names_beyond_the_bound_are_not_listed(write, event, product) -> None:
    with patch("yunying.apps.tracking.write.catalogue.MAX_NAMES", 3):
        write(*(event("ann", f"click-{i}") for i in range(10)))
    assert EventDefinition.objects.filter(product=product).count() == 3


def test_products_never_share_a_number(write, event, people: "Cast") -> None:
    write(event("ann"), event("ann", product=people.other.pk), event("bob", product=people.other.pk))
    numbers = list(DistinctId.objects.order_by("number").values_list("product_id", "number"))
    blocks = {product: number // 65_536 for product, number in numbers}
    assert len(set(blocks.values())) == 2
    assert len(numbers) == 3


def test_a_full_block_is_followed_by_another(write, event, product) -> None:
    with patch("yunying.apps.tracking.write.numbers.BLOCK", 4):
        write(*(event(f"person-{i}") for i in range(11)))
    numbers = list(DistinctId.objects.filter(product=product).values_list("number", flat=True))
    assert len(set(numbers)) == 11


def test_a_relational_store_put_back_never_gives_a_number_twice(write, event, store, product) -> None:
    write(event("ann"))
    used = DistinctId.objects.get(product=product).number
    for model in (DistinctId, Person):
        model.objects.filter(product=product).delete()
    from yunying.apps.tracking.models import NumberBlock, NumberCounter

    NumberBlock.objects.all().delete()
    NumberCounter.objects.all().delete()
    Ingest(store, reload_s=0).write([event("eve")], token="after restore")
    assert DistinctId.objects.get(product=product).number > used


def test_arrivals_hold_a_sample_and_no_history(write, event, ask) -> None:
    now_ms = int(clock.now().timestamp() * 1000)
    write(*(event(f"p{i}", received_ms=now_ms) for i in range(250)), event("old", received_ms=now_ms, historical=True))
    rows = ask("SELECT count(), countIf(distinct_id = 'old') FROM arrivals WHERE product = {product:UInt32}")
    assert rows == [(200, 0)]


def test_events_of_a_product_that_is_gone_are_dropped(write, event, store) -> None:
    write(event("ann", product=999_999))
    assert not DistinctId.objects.filter(distinct_id="ann").exists()


def test_refused_events_are_kept_once(ingest: Ingest, ask, product: "Product") -> None:
    received_ms = int(clock.now().timestamp() * 1000)  # older ones are past their thirty days
    item = Refusal(product.pk, "r1", received_ms, "own", "event.name", "Say what happened.", "{}", {"field": "event"})
    ingest.refuse([item], token="r")
    ingest.refuse([item], token="r")
    rows = ask("SELECT id, code, reason, data, state FROM refused FINAL WHERE product = {product:UInt32}")
    assert rows == [("r1", "event.name", "Say what happened.", '{"field":"event"}', "new")]


def test_the_cache_stays_inside_its_bound(store, event) -> None:
    ingest = Ingest(store, cache_bound=10, reload_s=0)
    for i in range(50):
        ingest.write([event(f"p{i}")], token=f"bound-{i}-{id(ingest)}")
    assert len(ingest._cache) <= 20
    again: Event = event("p0")
    ingest.write([again], token=f"bound-again-{id(ingest)}")
    assert DistinctId.objects.filter(distinct_id="p0").count() == 1

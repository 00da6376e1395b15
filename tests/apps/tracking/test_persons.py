"""Merges in any order, split over batches in any way and repeated, give the same persons."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.tracking.conftest import MARCH_MS
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import DistinctId, Person
from yunying.apps.tracking.write.batch import value_type
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.nobody import is_nobody
from yunying.store import EVENTS, OWNER, Sql, Store

_runs = count()
IDS = [f"d{i}" for i in range(8)]


class _Undo(Exception):
    pass


def persons_after(store: Store, product: int, batches: list[list[Event]]) -> dict[str, Any]:
    """Write the batches into an empty product; gives each person's ids with properties and birth, then forgets all."""
    run = next(_runs)
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            ingest = Ingest(store, reload_s=0)
            for i, batch in enumerate(batches):
                ingest.write(batch, token=f"persons-{run}-{i}")
            groups: dict[int, list[str]] = {}
            for name, owner in DistinctId.objects.filter(product_id=product).values_list("distinct_id", "owner"):
                groups.setdefault(owner, []).append(name)
            rows = Person.objects.in_bulk(list(groups))
            found = {",".join(sorted(ids)): (rows[n].properties, rows[n].born_ms) for n, ids in groups.items()}
            raise _Undo
    except _Undo:
        return found


def link_event(product: int, i: int, link: Link) -> Event:
    ops = [Op(OpKind.SET, "last", i), Op(OpKind.SET_ONCE, "first", i)]
    uuid = f"{product:08x}-{next(_runs):04x}-4000-8000-{i:012x}"
    return Event(
        product, uuid, "link", link.target, MARCH_MS + i, MARCH_MS, {}, links=[link], person_ops=ops, historical=True
    )


MERGES = st.lists(
    st.builds(Link, st.sampled_from([LinkKind.MERGE, LinkKind.ALIAS]), st.sampled_from(IDS), st.sampled_from(IDS)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=MERGES, data=st.data())
def test_symmetric_merges_in_any_order_give_the_same_persons(store, product, links: list[Link], data: Any) -> None:
    _same_persons(store, product.pk, links, data)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    known=st.dictionaries(st.sampled_from(IDS), st.sampled_from(["ann", "bob"]), min_size=1, max_size=8), data=st.data()
)
def test_anonymous_ids_identified_in_any_order_give_the_same_persons(store, product, known, data: Any) -> None:
    links = [Link(LinkKind.IDENTIFY, anonymous, user) for anonymous, user in known.items()]
    _same_persons(store, product.pk, links, data)


def _same_persons(store: Store, product: int, links: list[Link], data: Any) -> None:
    events = [link_event(product, i, link) for i, link in enumerate(links)]
    once = persons_after(store, product, [list(events)])
    shuffled = data.draw(st.permutations(events))
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert persons_after(store, product, [shuffled[:cut], shuffled[cut:], again]) == once


@pytest.fixture
def reports(store: Store, product: Any) -> Iterator[Any]:
    def owners() -> dict[str, int]:
        text = f"SELECT distinct_id, {OWNER} FROM {EVENTS} WHERE product = {{p:UInt32}}"
        return dict(store.query(Sql(text, {"p": product.pk})).rows)

    yield owners


def test_a_chain_of_merges_is_one_step_in_the_event_store(write, event, reports) -> None:
    write(*(event(name) for name in "abcd"))
    for source, target in (("a", "b"), ("c", "d"), ("b", "c")):
        write(event(target, links=[Link(LinkKind.MERGE, source, target)]))
    assert len(set(reports().values())) == 1


def test_a_property_set_later_wins_whatever_comes_first(write, event, product) -> None:
    write(event("ann", minute=5, person_ops=[Op(OpKind.SET, "plan", "pro")]))
    write(event("ann", minute=3, person_ops=[Op(OpKind.SET, "plan", "free"), Op(OpKind.SET, "city", "Linz")]))
    write(event("ann", minute=4, person_ops=[Op(OpKind.UNSET, "city")]))
    assert Person.objects.get(product=product).properties == {"plan": "pro"}


@pytest.mark.parametrize("name", ["ann", "00", "10", "nullable", "中", "guest-17"])
def test_ordinary_ids_are_no_rubbish(name: str) -> None:
    assert not is_nobody(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-05", "time"),
        ("2026-03-05T10:00:00.123Z", "time"),
        ("2026-03", "text"),
        ("", None),
        (None, None),
        (0, "number"),
        (False, "boolean"),
        ([], "list"),
        ({}, "object"),
    ],
)
def test_types_of_values(value: Any, expected: str | None) -> None:
    assert value_type(value) == expected

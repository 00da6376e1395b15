"""Links and events, shuffled, split into any batches and repeated, make the same persons at the end."""

from collections.abc import Sequence
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.tracking.conftest import MARCH_MS
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import DistinctId, IdLink, Merge, Person
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.store import EVENTS, OWNER, Sql, Store

_runs = count()
K = LinkKind
ANONYMOUS = [f"a{i}" for i in range(4)]
USERS = ["ann", "bob", "eve"]
EVERYBODY = st.sampled_from([*ANONYMOUS, *USERS])
LINKS = st.one_of(
    st.builds(Link, st.just(K.IDENTIFY), st.sampled_from(ANONYMOUS), st.sampled_from(USERS)),
    st.builds(Link, st.just(K.IDENTIFY), EVERYBODY, EVERYBODY),
    st.builds(Link, st.sampled_from([K.ALIAS, K.MERGE]), EVERYBODY, EVERYBODY),
    st.builds(Link, st.just(K.IDENTIFY), st.just("null"), st.sampled_from(USERS)),
)
OPS = st.sampled_from(
    [
        Op(OpKind.SET, "plan", "pro"),
        Op(OpKind.SET, "plan", "free"),
        Op(OpKind.UNSET, "plan"),
        Op(OpKind.ADD, "logins", 1),
        Op(OpKind.SET, "logins", 10),
        Op(OpKind.APPEND, "cities", "Linz"),
        Op(OpKind.UNION, "cities", ["Graz", "Linz"]),
        Op(OpKind.CLEAR, ""),
    ]
)
# When (in minutes, few of them), who, which links, what it does; the links of an event name its person or not.
DEEDS = st.lists(
    st.tuples(st.integers(0, 6), EVERYBODY, st.lists(LINKS, max_size=2), st.lists(OPS, max_size=2)),
    min_size=1,
    max_size=9,
)
CALM = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class _Undo(Exception):
    pass


def events_of(product: int, deeds: Sequence[tuple[int, str, list[Link], list[Op]]]) -> list[Event]:
    run = next(_runs)
    return [
        Event(
            product,
            str(UUID(int=(product << 96) + (run << 48) + i)),
            "visit",
            name,
            MARCH_MS + minute * 60_000,
            MARCH_MS,
            person_ops=ops,
            links=links,
            historical=True,
        )
        for i, (minute, name, links, ops) in enumerate(deeds)
    ]


def copied(event: Event) -> Event:
    return Event(
        **{name: getattr(event, name) for name in Event.__dataclass_fields__} | {"person_ops": list(event.person_ops)}
    )


def written(store: Store, product: int, batches: Sequence[Sequence[Event]]) -> Any:
    """What an empty product knows after these batches; then it is empty again."""
    run = next(_runs)
    found: Any = None
    try:
        with transaction.atomic():
            # Twice the same event in two processes: nobody remembers what the other one has seen.
            for i, batch in enumerate(batches):
                Ingest(store, reload_s=0).write([copied(event) for event in batch], token=f"links-{run}-{i}")
            found = everybody(product)
            said_by_store(store, product)
            raise _Undo
    except _Undo:
        return found


def each_once(_: Any, events: Sequence[Event]) -> list[Event]:
    return list({event.uuid: event for event in events}.values())


def everybody(product: int) -> Any:
    ids = DistinctId.objects.filter(product_id=product)
    groups: dict[int, list[str]] = {}
    for name, owner in ids.order_by("distinct_id").values_list("distinct_id", "owner"):
        groups.setdefault(owner, []).append(name)
    rows = Person.objects.in_bulk(list(groups))
    assert all(rows[owner].merged_into is None for owner in groups)
    persons = {
        ",".join(names): (sorted(rows[owner].properties.items()), rows[owner].born_ms, rows[owner].identified)
        for owner, names in groups.items()
    }
    return persons, sorted(ids.filter(known=True).values_list("distinct_id", "known_ms"))


def said_by_store(store: Store, product: int) -> None:
    """The copies in the event store say the same."""
    for number, owner in DistinctId.objects.filter(product_id=product).values_list("number", "owner"):
        asked = Sql("SELECT dictGetOrDefault('owner', 'p', toUInt64({n:UInt32}), {n:UInt32})", {"n": number})
        assert store.query(asked).one() == (owner,)


@CALM
@given(deeds=DEEDS, data=st.data())
def test_the_same_persons_at_the_end_whatever_comes_first(store, product, deeds: Any, data: Any) -> None:
    events = events_of(product.pk, deeds)
    in_time = sorted(events, key=lambda event: event.ts_ms)
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations([*events, *again]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
    expected = written(store, product.pk, [[event] for event in in_time])
    with patch("yunying.apps.tracking.write.repeats.Repeats.fresh", each_once):
        assert written(store, product.pk, [batch for batch in batches if batch]) == expected


def groups(product: Any) -> list[str]:
    return sorted(everybody(product.pk)[0])


def link(event: Any, kind: LinkKind, source: str, target: str, minute: int = 0, **more: Any) -> Event:
    return event(target, minute=minute, links=[Link(kind, source, target)], **more)


def test_the_first_to_claim_a_device_has_it_even_when_that_comes_late(write, event, product, store) -> None:
    write(event("phone", minute=1, person_ops=[Op(OpKind.SET, "city", "Linz")]))
    write(link(event, K.IDENTIFY, "phone", "bob", minute=9))
    assert groups(product) == ["bob,phone"]
    write(link(event, K.IDENTIFY, "phone", "ann", minute=5, person_ops=[Op(OpKind.SET, "plan", "pro")]))
    assert groups(product) == ["ann,phone", "bob"]
    persons, _ = everybody(product.pk)
    assert persons["bob"] == ([], MARCH_MS + 9 * 60_000, True)
    assert persons["ann,phone"][:2] == ([("city", "Linz"), ("plan", "pro")], MARCH_MS + 60_000)
    said_by_store(store, product.pk)
    rows = store.query(
        Sql(f"SELECT distinct_id, {OWNER} FROM {EVENTS} WHERE product = {{p:UInt32}}", {"p": product.pk})
    )
    assert len({owner for _, owner in rows.rows}) == 2
    outcomes = Merge.objects.order_by("pk").values_list("target", "outcome")
    assert sorted(outcomes) == [("ann", "done"), ("bob", "both_known"), ("bob", "done")]


def test_what_is_said_again_leaves_no_trace(write, event, product) -> None:
    write(link(event, K.IDENTIFY, "phone", "ann"))
    before = (Merge.objects.count(), Person.objects.get(merged_into=None).version)
    for minute in (1, 2):
        write(link(event, K.IDENTIFY, "phone", "ann", minute=minute))
    assert (Merge.objects.count(), Person.objects.get(merged_into=None).version) == before
    assert IdLink.objects.get().at_ms == MARCH_MS


def test_a_user_takes_fifty_devices_a_day_the_earliest_ones(write, event, product) -> None:
    with patch("yunying.apps.tracking.write.joining.DEVICES_A_DAY", 3):
        write(*(link(event, K.IDENTIFY, f"d{i}", "kiosk", minute=i) for i in (5, 1, 4, 2, 3)))
        assert groups(product) == ["d1,d2,d3,kiosk", "d4", "d5"]
        write(link(event, K.IDENTIFY, "d0", "kiosk"), link(event, K.IDENTIFY, "d9", "kiosk", minute=24 * 60))
        assert groups(product) == ["d0,d1,d2,d9,kiosk", "d3", "d4", "d5"]
    assert set(Merge.objects.filter(source__in=["d3", "d4", "d5"]).values_list("outcome", flat=True)) == {
        "crowded",
        "done",
    }


def test_an_id_with_very_many_links_only_grows(write, event, product) -> None:
    with (
        patch("yunying.apps.tracking.write.links.MOST_LINKS", 4),
        patch("yunying.apps.tracking.write.joining.DEVICES_A_DAY", 7),
    ):
        for i in range(12):
            write(link(event, K.IDENTIFY, f"d{i:02}", "kiosk", minute=i))
        assert groups(product)[0] == "d00,d01,d02,d03,d04,d05,d06,kiosk"
        assert len(groups(product)) == 6
        write(link(event, K.IDENTIFY, "d00", "bob", minute=20), link(event, K.IDENTIFY, "x", "bob", minute=21))
    assert "bob,x" in groups(product)


def test_links_of_one_product_are_nothing_to_another(write, event, product, people: Any) -> None:
    other = people.other.pk
    write(link(event, K.IDENTIFY, "phone", "ann"), event("phone", product=other), event("ann", product=other))
    assert DistinctId.objects.filter(product_id=other).values("owner").distinct().count() == 2


@pytest.mark.parametrize("name", ["ann", "00", "10", "nullable", "中", "guest-17"])
def test_links_between_ordinary_ids_hold(write, event, product, name: str) -> None:
    write(link(event, K.IDENTIFY, "phone", name))
    assert len(groups(product)) == 1

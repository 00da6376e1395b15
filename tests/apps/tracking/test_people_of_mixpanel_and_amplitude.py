"""From what the SDKs of Mixpanel and Amplitude send to persons and accounts, through the real write side."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.apps.tracking.conftest import MARCH_MS
from yunying.apps.tracking.models import Account, DistinctId, Person
from yunying.events import protocols
from yunying.events.normalise import Arrival
from yunying.platform.products.models import Product

Put = Callable[..., None]
S = MARCH_MS // 1000


@pytest.fixture
def put(product: Product, write: Any) -> Put:
    """`put("amplitude", item, …)`: the items of one request, as the collector reads and hands them on."""

    def run(name: str, *items: Any, imported: bool = False) -> None:
        protocol = protocols.by_name(name)
        assert protocol
        arrival = Arrival(product.pk, MARCH_MS + 3_600_000, historical=imported)
        read = [protocol.read(item, arrival) for item in items]
        write(*(event for event in read if event))

    return run


def groups(product: Product) -> set[str]:
    """The ids of each person, joined by commas."""
    by_owner: dict[int, list[str]] = {}
    for name, owner in DistinctId.objects.filter(product=product).values_list("distinct_id", "owner"):
        by_owner.setdefault(owner, []).append(name)
    return {",".join(sorted(names)) for names in by_owner.values()}


def properties(product: Product, name: str) -> dict[str, Any]:
    owner = DistinctId.objects.get(product=product, distinct_id=name).owner
    return {
        key: value for key, value in Person.objects.get(number=owner).properties.items() if not key.startswith("$init")
    }


def amplitude(minute: int, **more: Any) -> dict[str, Any]:
    return {"event_type": "visit", "time": MARCH_MS + minute * 60_000, "insert_id": f"i-{minute}"} | more


def test_a_device_belongs_to_the_first_who_signs_in_on_it(product: Product, put: Put) -> None:
    put("amplitude", amplitude(0, device_id="device"))
    put("amplitude", amplitude(1, device_id="device", user_id="ann"), amplitude(2, device_id="device"))
    put("amplitude", amplitude(3, device_id="device", user_id="bob"))
    put("amplitude", amplitude(4, device_id="phone", user_id="ann"))
    assert groups(product) == {"ann,device,phone", "bob"}


def test_users_mapped_to_one_are_one(product: Product, put: Put) -> None:
    put("amplitude", amplitude(0, user_id="ann"), amplitude(1, user_id="anna"))
    put("amplitude", {"event_type": "$usermap", "user_id": "anna", "global_user_id": "ann"})
    assert groups(product) == {"ann,anna"}


def test_operations_of_amplitude_change_the_person_and_the_account(product: Product, put: Put) -> None:
    def change(minute: int, **ops: Any) -> dict[str, Any]:
        named = {f"${name}": value for name, value in ops.items()}
        return amplitude(minute, user_id="ann", event_type="$identify", user_properties=named)

    put(
        "amplitude",
        change(0, set={"gone": 1}),
        change(1, clearAll="-"),
        change(2, set={"plan": "pro", "old": 1}, setOnce={"first": "web"}, add={"orders": 2}),
        change(3, setOnce={"first": "app"}, add={"orders": 3}, append={"tags": "b"}),
        change(4, preInsert={"tags": ["a", "b"]}, postInsert={"tags": "c"}, unset={"old": "-"}),
        change(5, remove={"tags": "b"}, prepend={"tags": "z"}),
        amplitude(6, user_id="ann", groups={"company": "acme"}),
        amplitude(
            7, user_id="ann", event_type="$groupidentify", groups={"company": "acme"}, group_properties={"size": 12}
        ),
    )
    assert properties(product, "ann") == {"plan": "pro", "first": "web", "orders": 5, "tags": ["z", "a", "c"]}
    assert Account.objects.get(product=product, key="acme").properties == {"size": 12}


def mixpanel(minute: int, event: str = "visit", **props: Any) -> dict[str, Any]:
    return {"event": event, "properties": {"time": S + minute * 60, "$insert_id": f"i-{minute}"} | props}


def test_identify_joins_what_a_device_did_before(product: Product, put: Put) -> None:
    device = {"$device_id": "d"}
    put("mixpanel", mixpanel(0, distinct_id="$device:d", **device))
    known = device | {"$user_id": "ann", "distinct_id": "ann"}
    put("mixpanel", mixpanel(1, "$identify", **known, **{"$anon_distinct_id": "$device:d"}), mixpanel(2, **known))
    put("mixpanel", mixpanel(3, **device | {"$user_id": "bob"}))
    assert groups(product) == {"$device:d,ann", "bob"}


def test_aliases_and_merges_make_one_person(product: Product, put: Put) -> None:
    put("mixpanel", mixpanel(0, "$create_alias", distinct_id="anon", alias="ann"))
    put("mixpanel", mixpanel(1, distinct_id="ann"), mixpanel(2, distinct_id="bob"))
    put("mixpanel", mixpanel(3, "$merge", **{"$distinct_ids": ["ann", "bob"]}), imported=True)
    assert groups(product) == {"ann,anon,bob"}


def test_operations_of_mixpanel_change_the_person_and_the_account(product: Product, put: Put) -> None:
    def change(minute: int, **ops: Any) -> dict[str, Any]:
        named = {f"${name}": value for name, value in ops.items()}
        return {"$token": "k", "$distinct_id": "ann", "$time": S + minute * 60} | named

    put(
        "mixpanel",
        change(0, set={"gone": 1}),
        change(1, delete=""),
        change(2, set={"plan": "pro", "old": 1}, set_once={"first": "web"}, add={"orders": 2}),
        change(3, set_once={"first": "app"}, add={"orders": -1}, append={"tags": "b"}),
        change(4, union={"tags": ["a", "b"]}, unset=["old"]),
        change(5, remove={"tags": "b"}, append={"$transactions": {"$amount": 9}}),
        {"$token": "k", "$group_key": "company", "$group_id": "acme", "$set": {"size": 12}},
    )
    wanted = {"plan": "pro", "first": "web", "orders": 1, "tags": ["a"], "$transactions": [{"$amount": 9}]}
    assert properties(product, "ann") == wanted
    assert Account.objects.get(product=product, key="acme").properties == {"size": 12}

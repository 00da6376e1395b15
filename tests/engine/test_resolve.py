"""Names in a question against what the product is known to send."""

from dataclasses import dataclass

import pytest

from yunying.engine import ANYTHING, parse
from yunying.engine.filters import Of
from yunying.engine.resolve import Names, resolve
from yunying.engine.trends import Trends


@dataclass(frozen=True)
class Known:
    """A catalogue that can list its names."""

    events: frozenset[str]
    properties: frozenset[tuple[str, str]] = frozenset()

    def knows_event(self, name: str) -> bool:
        return name in self.events

    def knows_property(self, of: str, name: str) -> bool:
        return (of, name) in self.properties


class Silent:
    """A catalogue that answers but lists nothing."""

    def knows_event(self, name: str) -> bool:
        return False

    def knows_property(self, of: str, name: str) -> bool:
        return False


SHOP = Known(
    frozenset({"order", "Order Paid", "page_view", "看商品"}), frozenset({("event", "country"), ("person", "plan")})
)


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("ordre", "order"),
        ("ORDER", "order"),
        ("order-paid", "Order Paid"),
        ("pageview", "page_view"),
        ("看商", "看商品"),
    ],
)
def test_the_nearest_known_event_is_suggested(asked: str, near: str) -> None:
    [warning] = resolve(Names(events=(asked,)), SHOP, "trends")
    assert (warning.code, warning.data) == ("trends.unknown_event", {"name": asked, "suggestion": near})
    assert warning.text == f"No event called {asked} has been seen yet. Did you mean {near}?"


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    [warning] = resolve(Names(events=("refund",)), SHOP, "trends")
    assert (warning.text, warning.data) == ("No event called refund has been seen yet.", {"name": "refund"})


def test_a_property_is_looked_for_where_it_belongs() -> None:
    names = Names(properties=((Of.EVENT, "plan"), (Of.PERSON, "plans"), (Of.EVENT, "country")))
    found = [(warning.data["of"], warning.data.get("suggestion")) for warning in resolve(names, SHOP, "trends")]
    assert found == [("event", None), ("person", "plan")]


def test_a_catalogue_that_lists_nothing_still_warns() -> None:
    names = Names(events=("order",), properties=((Of.ACCOUNT, "size"),))
    codes = [warning.code for warning in resolve(names, Silent(), "funnel")]
    assert codes == ["funnel.unknown_event", "funnel.unknown_property"]


def test_a_name_used_twice_is_warned_about_once() -> None:
    assert len(resolve(Names(events=("x", "x")), SHOP, "trends")) == 1
    assert resolve(Names(events=("x",)), ANYTHING, "trends") == ()


def test_a_trends_question_tells_every_name_it_uses() -> None:
    condition = {"of": "account", "property": "size", "operator": "is_set", "values": []}
    spec = parse(
        {
            "kind": "trends",
            "range": {"last": 7, "unit": "day"},
            "series": [
                {
                    "event": "order",
                    "measure": "sum",
                    "property": "worth",
                    "filters": [condition | {"property": "tier"}],
                },
                {"event": None},
            ],
            "filters": [condition],
            "breakdown": [{"of": "person", "property": "plan"}],
        }
    )
    assert isinstance(spec, Trends)
    assert spec.names == Names(
        ("order",), ((Of.PERSON, "plan"), (Of.EVENT, "worth"), (Of.ACCOUNT, "size"), (Of.ACCOUNT, "tier"))
    )

"""What events say of consent, and what becomes of those of people who did not agree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.events.consent import consent_of, heed
from yunying.events.event import Event, Link, LinkKind, Op, OpKind


def event(props: dict[str, Any]) -> Event:
    return Event(
        1, "u", "visit", "ann", 1, 1, props, "s", "acme",
        person_ops=[Op(OpKind.SET, "email", "ann@example.org")],
        links=[Link(LinkKind.IDENTIFY, "anon", "ann")],
        address="203.0.113.5",
        agent="Firefox",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("props", "consent"),
    [
        ({}, {}),
        ({"$consent": {"analytics": True, "Marketing": False}}, {"analytics": True, "marketing": False}),
        (
            {"$consent": {"analytics_storage": "denied", "ad_storage": "GRANTED"}},
            {"analytics": False, "advertising": True},
        ),
        ({"context": {"consent": {"categoryPreferences": {"Advertising": True}}}}, {"advertising": True}),
        ({"$consent": "yes"}, {}),
        ({"$consent": {"analytics": None, "x": {}, "y": "maybe"}}, {}),
        ({"context": "x"}, {}),
    ],
)
def test_consent_is_read_by_purpose(props: dict[str, Any], consent: dict[str, bool]) -> None:
    assert consent_of(props) == consent


def test_consent_is_noted_at_the_person() -> None:
    one = event({"$consent": {"analytics": True, "marketing": False}, "$ip": "203.0.113.5"})
    heed(one, lambda _: "nobody")
    assert one.distinct_id == "ann" and one.props["$ip"]
    assert one.person_ops[1:] == [
        Op(OpKind.SET, "$consent_analytics", True),
        Op(OpKind.SET, "$consent_marketing", False),
    ]


def test_without_consent_to_analytics_the_event_counts_and_the_person_does_not() -> None:
    one = event({"$consent": {"analytics": False}, "$ip": "203.0.113.5", "context": {"ip": "x"}, "price": 3})
    heed(one, lambda _: "nobody")
    assert (one.distinct_id, one.session, one.address, one.agent, one.account) == ("nobody", "", "", "", "acme")
    assert (one.person_ops, one.links) == ([], [])
    assert one.props == {"$consent": {"analytics": False}, "price": 3}


def test_an_event_that_says_nothing_stays_as_it_is() -> None:
    one = event({"price": 3})
    heed(one, lambda _: "nobody")
    assert one == event({"price": 3})


@given(
    st.dictionaries(
        st.sampled_from(["$consent", "context"]),
        st.recursive(
            st.none() | st.booleans() | st.text() | st.integers(),
            lambda x: (
                st.lists(x)
                | st.dictionaries(st.text() | st.sampled_from(["consent", "categoryPreferences", "analytics"]), x)
            ),
        ),
    )
)
def test_nothing_that_comes_as_consent_breaks_an_event(props: dict[str, Any]) -> None:
    heed(event(props), lambda _: "nobody")

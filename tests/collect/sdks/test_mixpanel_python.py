"""The mixpanel package for Python with nothing but the host (and the certificate) changed."""

import datetime as dt
import time
from typing import Any

import mixpanel
import pytest

from tests.collect.harness import KEY, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import EVERYTHING
from yunying.events.event import Link, LinkKind, Op, OpKind

PAST_S = 1_600_000_000


def host(server: Live) -> dict[str, Any]:
    return {"api_host": server.base.removeprefix("https://"), "verify_cert": str(server.certificate)}


def client(server: Live, **more: Any) -> mixpanel.Mixpanel:
    return mixpanel.Mixpanel(KEY, consumer=mixpanel.Consumer(**host(server), retry_backoff_factor=0.05, **more))


def test_an_event_arrives_with_everything_in_it(secure: Live) -> None:
    before = time.time()
    client(secure).track("u-1", "下单 🚀", EVERYTHING)
    (event,) = secure.kept(1)
    assert (event.name, event.distinct_id, event.protocol) == ("下单 🚀", "u-1", "mixpanel")
    assert {key: event.props[key] for key in EVERYTHING} == EVERYTHING
    assert event.library == f"python/{mixpanel.__version__}"
    assert before - 1 <= event.ts_ms / 1000 <= time.time() + 1
    assert (event.address, event.agent) == ("", "")
    assert not {"token", "time", "distinct_id"} & event.props.keys()


def test_a_past_time_stays_as_it_was(secure: Live) -> None:
    client(secure).track("u-1", "order", {"time": PAST_S})
    client(secure).import_data("", "u-1", "older", PAST_S - 1, api_secret="secret")
    events = {event.name: event for event in secure.kept(2)}
    assert (events["order"].ts_ms, events["older"].ts_ms) == (PAST_S * 1000, (PAST_S - 1) * 1000)
    assert (events["order"].historical, events["older"].historical) == (False, True)


def test_a_service_account_imports(secure: Live) -> None:
    account = mixpanel.ServiceAccountCredentials("user", "secret", "1234")
    client(secure, credentials=account).import_data(None, "u-1", "older", PAST_S)
    (event,) = secure.kept(1)
    assert (event.name, event.ts_ms) == ("older", PAST_S * 1000)


def test_profiles_change(secure: Live) -> None:
    mp = client(secure)
    mp.people_set("u-1", {"plan": "专业 🚀", "since": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)})
    mp.people_set_once("u-1", {"first": "web"})
    mp.people_increment("u-1", {"orders": -2})
    mp.people_append("u-1", {"tags": "a"})
    mp.people_union("u-1", {"tags": ["a", "b"]})
    mp.people_remove("u-1", {"tags": "b"})
    mp.people_unset("u-1", ["plan"])
    mp.people_delete("u-1")
    events = secure.kept(8)
    assert {(event.name, event.distinct_id) for event in events} == {("$set", "u-1")}
    assert [op for event in events for op in event.person_ops] == [
        Op(OpKind.SET, "plan", "专业 🚀"),
        Op(OpKind.SET, "since", "2026-01-02T00:00:00"),
        Op(OpKind.SET_ONCE, "first", "web"),
        Op(OpKind.ADD, "orders", -2),
        Op(OpKind.APPEND, "tags", "a"),
        Op(OpKind.UNION, "tags", ["a", "b"]),
        Op(OpKind.REMOVE, "tags", "b"),
        Op(OpKind.UNSET, "plan"),
        Op(OpKind.CLEAR, ""),
    ]


def test_a_charge_is_an_event_with_revenue(secure: Live) -> None:
    mp = client(secure)
    mp.people_track_charge("u-1", 19.5, {"sku": "茶", "$time": "2026-01-02T00:00:00"})
    mp.people_clear_charges("u-1")
    charge, cleared = secure.kept(2)
    assert (charge.name, charge.props["revenue"], charge.props["sku"]) == ("$charge", 19.5, "茶")
    assert charge.ts_ms == dt.datetime(2026, 1, 2, tzinfo=dt.UTC).timestamp() * 1000
    assert charge.person_ops[0].kind is OpKind.APPEND
    assert cleared.person_ops == [Op(OpKind.UNSET, "$transactions")]


def test_groups_change_and_events_belong_to_them(secure: Live) -> None:
    mp = client(secure)
    mp.group_set("company", "acme", {"size": 12})
    mp.group_union("company", "acme", {"apps": ["x"]})
    mp.group_unset("company", "acme", ["size"])
    mp.track("u-1", "order", {"company": "acme"})
    *groups, order = secure.kept(4)
    assert {(group.name, group.account) for group in groups} == {("$groupidentify", "acme")}
    assert [op.kind for group in groups for op in group.account_ops] == [OpKind.SET, OpKind.UNION, OpKind.UNSET]
    assert order.account == "acme"


def test_two_users_are_merged(secure: Live) -> None:
    client(secure).merge("", "u-1", "u-2", api_secret="secret")
    (event,) = secure.kept(1)
    assert event.links == [Link(LinkKind.MERGE, "u-2", "u-1")]


def test_an_alias_arrives_where_the_consumer_is_told_of_the_host(secure: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    # alias() makes a consumer of its own, which knows only the vendor's host.
    told = mixpanel.Consumer(**host(secure))
    monkeypatch.setattr(mixpanel, "Consumer", lambda: told)
    mixpanel.Mixpanel(KEY, consumer=told).alias("u-1", "anon-1")
    (event,) = secure.kept(1)
    assert (event.name, event.links) == ("$create_alias", [Link(LinkKind.ALIAS, "u-1", "anon-1")])


def test_a_batch_arrives_whole_in_one_request(secure: Live) -> None:
    outage = Outage(secure)
    consumer = mixpanel.BufferedConsumer(**host(secure))
    mp = mixpanel.Mixpanel(KEY, consumer=consumer)
    for number in range(50):
        mp.track(f"u-{number % 7}", "step", {"n": number})
    consumer.flush()
    assert sorted(event.props["n"] for event in secure.kept(50)) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answers", [(500,), (503, 429), (RESET,), (LOST,), (LOST, 503)])
def test_after_an_outage_there_is_one_copy(secure: Live, answers: tuple[int, ...]) -> None:
    outage = Outage(secure, *answers)
    mp = client(secure)
    mp.track("u-1", "order")
    mp.people_increment("u-1", {"orders": 1})
    assert [event.name for event in secure.kept(2)] == ["order", "$set"]
    assert outage.requests == len(answers) + 2


def test_what_is_lost_on_the_way_of_a_profile_comes_once(secure: Live) -> None:
    Outage(secure, LOST)
    client(secure).people_increment("u-1", {"orders": 1})
    assert [event.person_ops for event in secure.kept(1)] == [[Op(OpKind.ADD, "orders", 1)]]


@pytest.mark.parametrize("status", [401, 413])
def test_what_cannot_be_mended_is_said_at_once(secure: Live, status: int) -> None:
    outage = Outage(secure, status)
    with pytest.raises(mixpanel.MixpanelException, match="Mixpanel error"):
        client(secure).track("u-1", "order")
    assert outage.requests == 1


def test_a_wrong_token_and_a_missing_id_are_told_to_the_app(secure: Live) -> None:
    with pytest.raises(mixpanel.MixpanelException, match="write key is unknown"):
        mixpanel.Mixpanel("wrong", consumer=mixpanel.Consumer(**host(secure))).track("u-1", "order")
    with pytest.raises(mixpanel.MixpanelException, match="does not say who did it"):
        client(secure).track("", "order")
    assert [code for _, code, *_ in secure.refused(1)] == ["id.missing"]


def test_flags_have_no_value_here_and_the_default_holds(secure: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    place = secure.base.removeprefix("https://")
    mp = mixpanel.Mixpanel(
        KEY,
        consumer=mixpanel.Consumer(**host(secure)),
        local_flags_config=mixpanel.LocalFlagsConfig(api_host=place, enable_polling=False),
        remote_flags_config=mixpanel.RemoteFlagsConfig(api_host=place),
    )
    with mp:
        mp.local_flags.start_polling_for_definitions()
        assert mp.local_flags.are_flags_ready()
        assert mp.local_flags.get_variant_value("x", "off", {"distinct_id": "u-1"}) == "off"
        assert mp.remote_flags.get_variant_value("x", "off", {"distinct_id": "u-1"}) == "off"
    assert secure.sink.events() == []

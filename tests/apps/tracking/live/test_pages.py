import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from django.test import Client

from tests.collect.harness import make_keys
from tests.conftest import Cast
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.live import quarantine, stream
from yunying.apps.tracking.live.snippets import WAYS
from yunying.base import clock
from yunying.base.errors import NotAllowed, NotFound
from yunying.base.ids import uuid7
from yunying.collect import local
from yunying.collect.app import Collector
from yunying.collect.codec import decode, event_to_text
from yunying.collect.counters import Counters
from yunying.collect.keys import KeyDirectory
from yunying.collect.segments import read_frames
from yunying.collect.spool import Spool
from yunying.events.event import Event, Refusal
from yunying.platform.products.models import WriteKey
from yunying.platform.products.services import create_write_key
from yunying.store import Sql, Store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


def now_ms() -> int:
    return int(clock.now().timestamp() * 1000)


def event(product: int, name: str = "order", person: str = "u-1", **more: object) -> Event:
    return Event(product, str(uuid7()), name, person, now_ms(), now_ms(), {"amount": 25, "城市": ["北京"]}, **more)  # type: ignore[arg-type]


def arrive(*events: Event) -> None:
    Ingest().write(events, token=str(uuid7()))


def refuse(product: int, body: object, code: str = "id.missing", protocol: str = "own", **data: object) -> str:
    item = Refusal(
        product, str(uuid7()), now_ms(), protocol, code, "Why it was refused.", orjson.dumps(body).decode(), data
    )
    Ingest().refuse([item], token=item.id)
    return item.id


def names_in_store(store: Store, product: int) -> list[str]:
    rows = store.query(Sql("SELECT event FROM events FINAL WHERE product = {p:UInt32} ORDER BY event", {"p": product}))
    return [row[0] for row in rows.rows]


def page(people: Cast, path: str) -> str:
    return f"/p/{people.product.slug}/data/{path}"


# -- live stream -------------------------------------------------------------------------------------------------


def test_the_stream_shows_what_arrived_and_filters(people: Cast, browser: Client) -> None:
    arrive(event(people.product.pk), event(people.product.pk, "view", "someone-else", account="acme"))
    text = browser.get(page(people, "live/")).content.decode()
    assert "order" in text and "someone-else" in text
    assert "someone-else" not in browser.get(page(people, "live/?event=order")).content.decode()
    assert "u-1" not in browser.get(page(people, "live/?person=ACM")).content.decode()


def test_the_stream_asks_again_and_is_silent_while_nothing_is_new(people: Cast, browser: Client) -> None:
    arrive(event(people.product.pk))
    path = page(people, "live/")
    assert b'hx-trigger="every 2s"' in browser.get(path).content
    assert b"hx-trigger" not in browser.get(path + "?paused=1").content.split(b'id="live-rows"')[1].split(b">")[0]
    last = stream.arrived(people.product.pk)[0].uuid
    assert browser.get(f"{path}?seen={last}", headers={"HX-Request": "true"}).status_code == 204
    arrive(event(people.product.pk, "later"))
    part = browser.get(f"{path}?seen={last}", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert b"later" in part.content and b"<html" not in part.content


def test_an_event_of_the_stream_shows_its_properties(people: Cast, browser: Client) -> None:
    one = event(people.product.pk)
    arrive(one)
    text = browser.get(page(people, f"live/{one.uuid}/")).content.decode()
    assert "北京" in text and "25" in text
    assert browser.get(page(people, f"live/{uuid7()}/")).status_code == 404


def test_a_product_never_shows_the_events_of_another(people: Cast, browser: Client) -> None:
    foreign = event(people.other.pk, "foreign-event")
    arrive(foreign)
    assert b"foreign-event" not in browser.get(page(people, "live/")).content
    assert browser.get(page(people, f"live/{foreign.uuid}/")).status_code == 404


def test_the_stream_shows_seconds_and_keeps_the_order_of_one_request(people: Cast, browser: Client) -> None:
    first, second = event(people.product.pk, "first"), event(people.product.pk, "second")
    now = clock.now().replace(hour=9, minute=30, second=7, microsecond=0)
    now = now if now <= clock.now() else now - timedelta(days=1)
    for one, earlier_ms in ((second, 0), (first, 5)):
        one.received_ms = int(now.timestamp() * 1000)
        one.ts_ms = one.received_ms - earlier_ms
    arrive(second, first)
    text = browser.get(page(people, "live/")).content.decode()
    assert "17:30:07" in text
    assert [row.event for row in stream.arrived(people.product.pk)] == ["second", "first"]


# -- set-up ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [way.key for way in WAYS])
def test_the_setup_page_shows_key_and_snippets(people: Cast, browser: Client, way: str) -> None:
    WriteKey.objects.create(product=people.product, name="a", token="yk_shown")
    text = browser.get(page(people, f"setup/?with={way}")).content.decode()
    assert text.count("yk_shown") >= 2
    assert "HOST" not in text and "KEY" not in text and "NAME" not in text


def test_the_setup_page_waits_and_says_when_the_first_event_is_there(people: Cast, browser: Client) -> None:
    WriteKey.objects.create(product=people.product, name="a", token="yk_a")
    waiting = page(people, "setup/waiting/")
    assert b"every 2s" in browser.get(waiting, headers={"HX-Request": "true"}).content
    assert browser.get(waiting).status_code == 302
    arrive(event(people.product.pk, "hello"))
    part = browser.get(waiting, headers={"HX-Request": "true"}).content
    assert b"hello" in part and b"every 2s" not in part


@pytest.fixture
def write_key(people: Cast) -> str:
    return create_write_key(access=people.access("ada"), name="site").token


@contextmanager
def collecting(folder: Path, keys: dict[str, int]) -> Iterator[Spool]:
    """A collector that runs as this process's own, and its spool."""
    spool = Spool(folder / "spool")
    directory = KeyDirectory(make_keys(folder / "keys.sqlite3", keys))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    local.use(local.Local(Collector(directory, spool, Counters(), secret="s"), loop))
    try:
        yield spool
    finally:
        local.use(None)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        spool.close()


def test_a_test_event_goes_through_the_collector(people: Cast, browser: Client, write_key: str, tmp_path: Path) -> None:
    with collecting(tmp_path, {write_key: people.product.pk}) as spool:
        assert browser.post(page(people, "setup/test/")).status_code == 302
        spool.seal_now()
        (segment,) = spool.segments()
        (sent,) = decode(next(read_frames(segment)))
    assert isinstance(sent, Event)
    assert (sent.name, sent.protocol, sent.product) == ("test event", "own", people.product.pk)
    assert sent.props == {"sent_from": "set-up page"}


def test_a_test_event_the_collector_does_not_take_is_said(
    people: Cast, browser: Client, write_key: str, tmp_path: Path
) -> None:
    with collecting(tmp_path, {"another key": people.product.pk}) as spool:
        assert browser.post(page(people, "setup/test/")).status_code == 503
        assert not spool.bytes_held()


def test_without_a_collector_in_this_process_a_test_event_is_written_at_once(
    people: Cast, browser: Client, store: Store, write_key: str
) -> None:
    for _ in range(2):
        assert browser.post(page(people, "setup/test/")).status_code == 302
    assert names_in_store(store, people.product.pk) == ["test event", "test event"]


def test_without_a_write_key_there_is_nothing_to_send_with(people: Cast, browser: Client) -> None:
    assert browser.post(page(people, "setup/test/")).status_code == 409


# -- refused events ----------------------------------------------------------------------------------------------


def test_refused_events_are_listed_with_reason_and_body(people: Cast, browser: Client) -> None:
    item = refuse(people.product.pk, {"event": "order", "properties": {"x": "<b>"}})
    refuse(people.other.pk, {"event": "foreign"})
    text = browser.get(page(people, "refused/")).content.decode()
    assert "id.missing" in text and "Why it was refused." in text and "foreign" not in text
    detail = browser.get(page(people, f"refused/{item}/")).content.decode()
    assert "&lt;b&gt;" in detail and "<b>" not in detail


def test_a_mended_event_can_be_sent_again_once(people: Cast, browser: Client, store: Store) -> None:
    # Refused by rules of an earlier day; by today's it is fine.
    item = refuse(people.product.pk, {"event": "order", "distinct_id": "u-1"}, sent_ms=None)
    for _ in range(2):
        assert browser.post(page(people, "refused/replay/"), {"item": item}).status_code == 302
    assert names_in_store(store, people.product.pk) == ["order"]
    assert quarantine.refused_item(people.access(), item).state == "replayed"


def test_an_event_the_store_refused_comes_back_unchanged(people: Cast, store: Store) -> None:
    one = event(people.product.pk)
    refuse(people.product.pk, None)
    item = Refusal(
        people.product.pk, one.uuid, now_ms(), "own", "store.refused", "x", event_to_text(one), {"canonical": True}
    )
    Ingest().refuse([item], token=item.id)
    access = people.access()
    outcome = quarantine.replay(access, quarantine.refused(access))
    assert (outcome.taken, list(outcome.again.values())) == (1, [1])
    row = store.query(Sql("SELECT toString(uuid) FROM events WHERE product = {p:UInt32}", {"p": access.product.pk}))
    assert row.rows == [(one.uuid,)]


def test_what_is_still_wrong_stays_and_says_why(people: Cast, browser: Client) -> None:
    refuse(people.product.pk, {"event": "order"})
    answer = browser.post(page(people, "refused/replay/"), follow=True)
    assert "does not say who did it" in answer.content.decode()
    assert len(quarantine.refused(people.access())) == 1


def test_all_of_one_reason_can_be_dropped(people: Cast, browser: Client) -> None:
    refuse(people.product.pk, {"event": "a"})
    refuse(people.product.pk, {"event": "b"}, code="time.unreadable")
    browser.post(page(people, "refused/drop/"), {"code": "id.missing"})
    access = people.access()
    assert [item.code for item in quarantine.refused(access)] == ["time.unreadable"]
    assert [item.code for item in quarantine.refused(access, state="discarded")] == ["id.missing"]


def test_nobody_replays_what_belongs_to_another_product(people: Cast, browser: Client) -> None:
    item = refuse(people.other.pk, {"event": "order", "distinct_id": "u-1"})
    assert browser.post(page(people, "refused/replay/"), {"item": item}).status_code == 404
    with pytest.raises(NotFound):
        quarantine.refused_item(people.access(), item)


# -- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["live/", "refused/", "setup/"])
def test_outsiders_find_nothing(people: Cast, as_user: Callable[[object], Client], path: str) -> None:
    assert as_user(people.dee).get(page(people, path)).status_code == 404
    assert Client().get(page(people, path)).status_code == 302


@pytest.mark.parametrize(("path", "status"), [("live/", 403), ("refused/", 403), ("setup/", 200)])
def test_a_viewer_sees_neither_people_nor_bodies(
    people: Cast, as_user: Callable[[object], Client], path: str, status: int
) -> None:
    assert as_user(people.chen).get(page(people, path)).status_code == status


def test_a_viewer_changes_nothing(people: Cast, as_user: Callable[[object], Client]) -> None:
    for path in ("setup/test/", "refused/replay/", "refused/drop/"):
        assert as_user(people.chen).post(page(people, path)).status_code == 403
    with pytest.raises(NotAllowed):
        quarantine.drop(people.access("chen"), [])

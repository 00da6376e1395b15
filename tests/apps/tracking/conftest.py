"""Events for the write side, and an ingest whose merges are seen at once."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from yunying.events.event import Event
from yunying.store import Sql, Store

if TYPE_CHECKING:
    from yunying.apps.tracking.ingest import Ingest
    from yunying.platform.products.models import Product

MARCH_MS = 1_772_712_000_000  # 2026-03-05 12:00 UTC

_tokens = count()

MakeEvent = Callable[..., Event]
Write = Callable[..., None]


@pytest.fixture(autouse=True)
def no_shared_ingest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's writer remembers of ids is wrong for the next one, whose relational store is empty again."""
    monkeypatch.setattr("yunying.apps.tracking.ingest._shared", None)


@pytest.fixture
def ingest(db: None, store: Store) -> "Iterator[Ingest]":
    from yunying.apps.tracking.ingest import Ingest

    made = Ingest(store, reload_s=0)
    yield made
    made.close()


@pytest.fixture
def event(product: "Product") -> MakeEvent:
    """`event("ann", "visit", minute=3, plan="pro")`: one event of the product."""

    def make(distinct_id: str = "ann", name: str = "visit", *, minute: int = 0, **more: Any) -> Event:
        given = {key: more.pop(key) for key in list(more) if key in Event.__dataclass_fields__}
        ms = MARCH_MS + minute * 60_000
        made = Event(
            product=product.pk,
            uuid=str(uuid4()),
            name=name,
            distinct_id=distinct_id,
            ts_ms=ms,
            received_ms=ms,
            props=more,
        )
        for key, value in given.items():
            setattr(made, key, value)
        return made

    return make


@pytest.fixture
def write(ingest: "Ingest") -> Write:
    """Write one batch under a token of its own."""

    def put(*events: Event, token: str = "") -> None:
        ingest.write(events, token=token or f"test-{next(_tokens)}")

    return put


@pytest.fixture
def ask(store: Store, product: "Product") -> Callable[..., list[tuple[Any, ...]]]:
    """Ask the event store; `{product:UInt32}` is the product."""

    def run(text: str, **params: Any) -> list[tuple[Any, ...]]:
        return store.query(Sql(text, {"product": product.pk, **params})).rows

    return run

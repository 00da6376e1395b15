"""Erased ids do not come back: what happened before an erasure and arrives after it, by a late retry, is not taken."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Count, Max

from yunying.apps.tracking.privacy.models import ErasedId
from yunying.events.event import Event, Refusal

__all__ = ["Door", "admitted", "admitted_refusals", "digest", "nobody", "stamp_of"]

_CHUNK = 500
_LONGEST_ID = 400


def digest(product: int, distinct_id: str) -> str:
    """An id as it is remembered after it was erased. Only who has the secret key of this installation can make it."""
    key = hashlib.sha256(b"tracking.erased" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{product}|{distinct_id}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Door:
    """To how many ids of these products it is closed, and since when (epoch milliseconds) to the last of them."""

    products: frozenset[int]
    closed_to: int
    last_ms: int


def nobody(event: Event) -> str:
    """An id for a day (UTC) of whoever did not agree to be counted as a person; it cannot be turned back."""
    return f"visitor-{digest(event.product, f'{event.ts_ms // 86_400_000}|{event.distinct_id}')[:32]}"


def stamp_of(products: Iterable[int]) -> Door:
    """The door as it is now: another value whenever it was closed to more. One query."""
    wanted = frozenset(products)
    rows = ErasedId.objects.filter(product_id__in=wanted)
    found = rows.aggregate(count=Count("pk"), latest=Max("until_ms"))
    return Door(wanted, found["count"], found["latest"] or 0)


def admitted(events: Sequence[Event], door: Door) -> Sequence[Event]:
    """The events that may be kept, without links to ids that were erased. No query where nobody was erased."""
    if not door.closed_to:
        return events
    gone = _erased({(event.product, name) for event in events for name in _names(event)})
    if not gone:
        return events

    def dead(event: Event, name: str) -> bool:
        return event.ts_ms <= gone.get((event.product, name), -1)

    kept = [event for event in events if not dead(event, event.distinct_id)]
    for event in kept:
        event.links = [one for one in event.links if not (dead(event, one.source) or dead(event, one.target))]
    return kept


def admitted_refusals(items: Sequence[Refusal]) -> Sequence[Refusal]:
    """Refusals without the bodies of those that mention an erased id; the reason stays."""
    if not stamp_of({item.product for item in items}).closed_to:
        return items
    texts = {item.id: set(_texts(item)) for item in items}
    gone = _erased({(item.product, text) for item in items for text in texts.get(item.id, ())})
    return [
        replace(item, body="", data={})
        if any((item.product, text) in gone for text in texts.get(item.id, ()))
        else item
        for item in items
    ]


def _names(event: Event) -> Iterator[str]:
    yield event.distinct_id
    for link in event.links:
        yield link.source
        yield link.target


def _erased(keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Until when (epoch milliseconds) each of these ids is erased."""
    by_digest = {digest(product, name): (product, name) for product, name in keys}
    wanted, found = list(by_digest), {}
    for start in range(0, len(wanted), _CHUNK):
        rows = ErasedId.objects.filter(digest__in=wanted[start : start + _CHUNK])
        found.update({by_digest[text]: until for text, until in rows.values_list("digest", "until_ms")})
    return found


def _texts(item: Refusal) -> Iterator[str]:
    """Every text and number in the body that may be an id."""
    try:
        waiting: list[Any] = [orjson.loads(item.body), item.data]
    except orjson.JSONDecodeError:
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str | int) and len(text := str(one)) <= _LONGEST_ID:
            yield text.strip()

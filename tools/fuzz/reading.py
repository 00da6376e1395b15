"""What the collector does with a request, without a network: it must end in events, in refusals or in a told error."""

from typing import Any

import orjson

from yunying.base.errors import YunyingError
from yunying.collect import codec
from yunying.events import protocols
from yunying.events.consent import heed
from yunying.events.event import Event
from yunying.events.normalise import Arrival
from yunying.events.protocols import Match
from yunying.events.protocols.base import Outcome, Reply, Request, common_error
from yunying.store.writer import event_table

__all__ = ["take_in"]

MOST_ITEMS = 50


def take_in(request: Request, columns: Any) -> str:
    """What became of it: "events", "refused", "answered" or the code of the error. Raises what should never happen."""
    matches = protocols.candidates(request.path)
    error_of = matches[0].protocol.error if matches else common_error
    try:
        match = protocols.choose(matches, request)
        if match is None:
            return "unknown"
        request.matched = match.values
        if match.route.answer is not None:
            _sendable(match.route.answer(request))
            return "answered"
        return _read(match, request, columns)
    except YunyingError as error:
        _sendable(error_of(error))
        return error.code


def _read(match: Match, request: Request, columns: Any) -> str:
    assert match.route.take is not None and match.route.reply is not None
    intake = match.route.take(request)
    arrival = Arrival(
        product=1,
        received_ms=request.received_ms,
        sent_ms=intake.sent_ms,
        historical=intake.historical,
        library=intake.library,
        shared=intake.shared,
        visitor=lambda *_: "visitor",
        address="203.0.113.7",
        agent=request.headers.get("user-agent", ""),
    )
    orjson.dumps(arrival.to_data())
    outcome = Outcome()
    for item in intake.items[:MOST_ITEMS]:
        try:
            outcome.events.append(match.protocol.read(item, arrival))
        except YunyingError as error:
            outcome.events.append(None)
            assert error.code and error.text
            orjson.dumps(item)
    _storable([event for event in outcome.events if event is not None], columns)
    _sendable(match.route.reply(request, outcome))
    return "events" if outcome.accepted else "refused"


def _storable(events: list[Event], columns: Any) -> None:
    """The spool gives back what it was given, and the store takes it."""
    assert codec.decode(codec.encode(list(events))) == events
    for event in events:
        assert event.name and event.distinct_id and 0 <= event.ts_ms < 32_503_680_000_000 and len(event.uuid) == 36
        heed(event, lambda _: "nobody")
    if events:
        event_table(events, [1] * len(events), columns)


def _sendable(reply: Reply) -> None:
    assert 200 <= reply.status < 600
    reply.content_type.encode("latin-1")
    for name, value in reply.headers:
        assert "\n" not in value and "\r" not in value
        name.encode("latin-1"), value.encode("latin-1")

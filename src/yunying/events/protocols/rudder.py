"""What the RudderStack SDKs send (rudder-sdk-python, rudder-sdk-node, analytics-js, the HTTP and Pixel APIs).

The messages are Segment's, the answers and the clock are not: "OK" and nothing else, and a `timestamp` that is meant
as it stands, while `originalTimestamp` is that of the sender's clock.
"""

from typing import Any

from yunying.events.event import Event
from yunying.events.normalise import Arrival, is_object, text_of, when_ms
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    Route,
    basic_user,
    first_text,
    json_reply,
)
from yunying.events.protocols.messages import TYPES, from_fields, message_of, moment_or_none, to_event
from yunying.events.protocols.pixel import PIXEL
from yunying.events.protocols.segment import messages_of

__all__ = ["PROTOCOL"]


def take(request: Request) -> Intake:
    kind = request.path.rstrip("/").rpartition("/")[2]
    taken = messages_of(request, is_object(request.document, "body"), "" if kind == "batch" else kind)
    if taken.sent_ms is None:
        taken.sent_ms = moment_or_none(request.headers.get("sentat"))
    return taken


def take_pixel(request: Request) -> Intake:
    """A message out of the fields of an address, where dots lead inside."""
    fields = {name: value for name, value in request.query.items() if name != "writeKey"}
    kind = request.path.rstrip("/").rpartition("/")[2]
    taken = messages_of(request, {"channel": "web", **from_fields(fields)}, kind)
    taken.key = first_text(request.query.get("writeKey"), taken.key)
    return taken


def read(item: Any, arrival: Arrival) -> Event:
    message = message_of(item, arrival)
    sent = message.sent
    if sent.get("timestamp"):
        return to_event(message, arrival, "rudder", when_ms(sent["timestamp"], arrival, explicit=True))
    sent_ms = arrival.sent_ms if arrival.sent_ms is not None else moment_or_none(sent.get("sentAt"))
    by = Arrival(arrival.product, arrival.received_ms, sent_ms, arrival.historical)
    return to_event(message, arrival, "rudder", when_ms(sent.get("originalTimestamp"), by))


def reply(request: Request, outcome: Outcome) -> Reply:
    """rudder-sdk-python sends again after any other 2xx, and after a 4xx without `code` and `message`."""
    if outcome.status == 200:
        return Reply(200, b"OK", "text/plain; charset=utf-8")
    return json_reply({"code": outcome.status, "message": outcome.refused[0][1].reason}, outcome.status)


def reply_pixel(request: Request, outcome: Outcome) -> Reply:
    return PIXEL


def _source(request: Request) -> Reply:
    """The document the browser SDK starts with: a source without destinations."""
    key = first_text(basic_user(request), request.query.get("writeKey"))
    off = {"enabled": False}
    return json_reply(
        {
            "source": {
                "id": key,
                "name": "Yunying",
                "writeKey": key,
                "enabled": True,
                "workspaceId": "yunying",
                "connections": [],
                "destinations": [],
                "dataplanes": {},
                "config": {"statsCollection": {"errors": off, "metrics": off}},
            }
        }
    )


def _is_rudder(request: Request) -> bool:
    """On the paths of Segment: what only RudderStack's SDKs have."""
    if "anonymousid" in request.headers:
        return True
    document = request.document
    batch = document.get("batch") if isinstance(document, dict) else None
    first = batch[0] if isinstance(batch, list) and batch else document
    if not isinstance(first, dict):
        return False
    context = first.get("context")
    library = context.get("library") if isinstance(context, dict) else None
    name = text_of(library.get("name")) if isinstance(library, dict) else ""
    return "originalTimestamp" in first or "channel" in first or "rudder" in name.lower()


PROTOCOL = Protocol(
    name="rudder",
    label="RudderStack",
    routes=(
        *(Route(f"/v1/{path}", ("POST",), take=take, reply=reply, claims=_is_rudder) for path in ("batch", *TYPES)),
        Route("/beacon/v1/batch", ("POST",), take=take, reply=reply),
        Route("/pixel/v1/track", ("GET",), take=take_pixel, reply=reply_pixel),
        Route("/pixel/v1/page", ("GET",), take=take_pixel, reply=reply_pixel),
        Route("/sourceConfig", ("GET",), answer=_source),
    ),
    read=read,
)

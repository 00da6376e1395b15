"""What the Segment SDKs send (analytics-python, analytics-node, analytics-next and the HTTP and Pixel APIs)."""

from typing import Any

from yunying.events.event import Event
from yunying.events.normalise import Arrival, is_object, when_ms
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
    listed,
)
from yunying.events.protocols.elsewhere import explained
from yunying.events.protocols.messages import TYPES, from_fields, message_of, moment_or_none, to_event
from yunying.events.protocols.pixel import PIXEL

__all__ = ["PROTOCOL", "messages_of"]

_SHORT = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
_BATCHES = ("batch", "b", "import")
_TYPES = tuple(kind for kind in TYPES if kind != "merge")


def take(request: Request) -> Intake:
    """`{"batch": […], "sentAt", "context"}` on `/v1/batch` and `/v1/import`, one message on `/v1/<type>`."""
    kind = _last_part(request)
    taken = messages_of(request, is_object(request.document, "body"), "" if kind in _BATCHES else kind)
    taken.historical = kind == "import"
    return taken


def take_pixel(request: Request) -> Intake:
    """One message in the address: as `data`, which is JSON or its base64, or as fields with dots."""
    packed = bool(request.query.get("data"))
    document = is_object(request.document, "body") if packed else from_fields(request.query)
    return messages_of(request, document, _last_part(request))


def messages_of(request: Request, document: dict[str, Any], kind: str) -> Intake:
    """The messages of a body; a single one is of the type `kind`, or of its own if that is empty."""
    batch = document.get("batch")
    single = not isinstance(batch, list)
    items = listed(document if single else batch)
    if single and kind:
        items = [document | {"type": _SHORT.get(kind, kind)}]
    context = None if single else document.get("context")
    first = items[0] if items and isinstance(items[0], dict) else {}
    return Intake(
        key=first_text(
            basic_user(request), document.get("writeKey"), first.get("writeKey"), request.query.get("writeKey")
        ),
        items=items,
        sent_ms=moment_or_none(document.get("sentAt")),
        shared={"context": context} if isinstance(context, dict) else {},
    )


def _last_part(request: Request) -> str:
    return request.path.rstrip("/").rpartition("/")[2]


def read(item: Any, arrival: Arrival) -> Event:
    message = message_of(item, arrival)
    sent_ms = arrival.sent_ms if arrival.sent_ms is not None else moment_or_none(message.sent.get("sentAt"))
    ts_ms = when_ms(message.sent.get("timestamp"), _by(sent_ms, arrival))
    return to_event(message, arrival, "segment", ts_ms)


def _by(sent_ms: int | None, arrival: Arrival) -> Arrival:
    """The arrival as the clock of a single message tells it; a batch has one for all."""
    if sent_ms == arrival.sent_ms:
        return arrival
    return Arrival(arrival.product, arrival.received_ms, sent_ms, arrival.historical)


def reply(request: Request, outcome: Outcome) -> Reply:
    if outcome.status == 200:
        return json_reply({"success": True})
    reason = outcome.refused[0][1].reason
    return json_reply({"success": False, "code": outcome.status, "message": reason}, outcome.status)


def reply_pixel(request: Request, outcome: Outcome) -> Reply:
    """The picture in any case: nobody reads what comes with it."""
    return PIXEL


def _metrics(request: Request) -> Reply:
    return json_reply({"success": True})


def _settings(request: Request) -> Reply:
    """The document analytics-next starts with; batching turns fifty requests into one."""
    scheme, _, host = request.host.partition("://")
    # A prefix in the address (`/segment/…`) stays; a page over TLS sends nothing without, whatever a proxy told us.
    host += request.path.partition("/v1/projects/")[0]
    if request.headers.get("origin", "").startswith("https://"):
        scheme = "https"
    return json_reply(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": request.matched["key"],
                    "apiHost": f"{host}/v1",
                    "protocol": scheme or "https",
                    "unbundledIntegrations": [],
                    "addBundledMetadata": True,
                    "deliveryStrategy": {"strategy": "batching", "config": {"size": 20, "timeout": 2000}},
                }
            },
            "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
            "edgeFunction": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )


def _no_script(request: Request) -> Reply:
    return explained("@segment/analytics-next", "segment")


PROTOCOL = Protocol(
    name="segment",
    label="Segment",
    routes=(
        *(Route(f"/v1/{path}", ("POST",), take=take, reply=reply) for path in (*_BATCHES, *_SHORT, *_TYPES)),
        *(Route(f"/v1/pixel/{kind}", ("GET",), take=take_pixel, reply=reply_pixel) for kind in _TYPES),
        Route("/v1/m", ("POST",), answer=_metrics),
        Route("/v1/projects/{key}/settings", ("GET",), answer=_settings),
        Route("/analytics.js/v1/{key}/analytics.min.js", ("GET",), answer=_no_script),
    ),
    read=read,
)

"""The collector: a bare ASGI application. Size cap → key → decode → normalise → spool → answer.

Nothing here logs a query string, a body, a key or an address: they carry personal data.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from yunying.base import clock
from yunying.base.errors import Bug, InvalidInput, LimitReached, NotAllowed, NotFound, Unavailable, YunyingError, msg
from yunying.base.ids import uuid7
from yunying.collect import codec
from yunying.collect.answers import preflight, respond
from yunying.collect.body import Body
from yunying.collect.counters import Counters
from yunying.collect.faults import place_of
from yunying.collect.gate import Gate
from yunying.collect.keys import KeyDirectory
from yunying.collect.knocks import Knocks
from yunying.collect.limits import RateLimits
from yunying.collect.spool import Spool
from yunying.events import protocols
from yunying.events.event import UNOWNED, Event, Refusal
from yunying.events.limits import MAX_BODY_BYTES, MAX_EVENT_BYTES, MAX_KEPT_BODY_CHARS
from yunying.events.normalise import Arrival
from yunying.events.protocols import Match
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    basic_user,
    bearer,
    common_error,
    first_text,
)
from yunying.events.text import clean_text

__all__ = ["Collector", "CollectorLimits"]

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Above this a body is unpacked and parsed in a thread, so that small requests do not wait behind it.
_THREAD_FROM_BYTES = 256 << 10
# A body that is too large is read, and thrown away, up to so many times of what is allowed.
_DRAINED = 4
# So many items are read before the event loop gets a turn.
_SLICE = 500
# Where the protocols put the write key into an address.
_KEY_NAMES = ("key", "api_key", "token", "writeKey")


@dataclass(frozen=True, slots=True)
class CollectorLimits:
    """`body_bytes` of one request, `flight_bytes` of all requests being read, `read_s` to send a body."""

    body_bytes: int = MAX_BODY_BYTES
    flight_bytes: int = 256 << 20
    read_s: float = 30.0


class Collector:
    """Answers every path of the wire protocols. `secret` makes the daily ids of protocols that send none."""

    def __init__(
        self,
        keys: KeyDirectory,
        spool: Spool,
        counters: Counters,
        *,
        secret: str,
        limits: CollectorLimits | None = None,
        rates: RateLimits | None = None,
    ) -> None:
        self._keys = keys
        self._spool = spool
        self.counters = counters
        self.knocks = Knocks()
        self._secret = secret.encode()
        self._limits = limits or CollectorLimits()
        self._gate = Gate(rates or RateLimits(), counters)
        self._in_flight = 0
        self._answering = 0
        self._refresh: asyncio.Task[None] | None = None

    def in_flight(self) -> tuple[int, int]:
        """Requests being answered, and bytes of bodies being read."""
        return self._answering, self._in_flight

    @staticmethod
    def owns(path: str, method: str = "POST") -> bool:
        """Whether this path belongs to the collector."""
        return protocols.owns(path, method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        matches = protocols.candidates(scope["path"])
        origin = headers.get("origin", "")
        if scope["method"] == "OPTIONS":
            self.knocks.asked(origin)
            await respond(send, preflight(headers), headers)
            return
        protocol = matches[0].protocol if matches else None
        name = protocol.name if protocol else ""
        self.counters.add("requests", 1, name)
        begun_s = clock.monotonic_s()
        self._answering += 1
        self.knocks.came(origin)
        try:
            self._gate.before_body(matches, scope["method"], _address(scope))
            request = await self._request(scope, receive, headers)
            reply = await self._handle(request, matches, scope)
        except YunyingError as error:
            self.counters.refuse(error.code, 1, name)
            self.knocks.failed(name, error.code, origin)
            reply = (protocol.error if protocol else common_error)(error)
        except _Gone:
            return
        except Exception as error:
            incident = str(uuid7())
            log.error("incident %s in the collector: %s", incident, place_of(error))
            reply = common_error(Bug("collector.bug", msg("Something went wrong here: incident %(id)s."), id=incident))
        finally:
            self._answering -= 1
            self.counters.observe("request", clock.monotonic_s() - begun_s)
        await respond(send, reply, headers)

    # -- reading the request -------------------------------------------------------------------------------------

    async def _request(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> Request:
        query = scope.get("query_string", b"")
        body, cut = await self._body(receive, headers.get("content-length", ""))
        return Request(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
            headers=headers,
            body=body,
            received_ms=int(clock.now().timestamp() * 1000),
            host=f"{scope.get('scheme', 'http')}://{headers.get('host', '')}",
            cut=cut,
        )

    async def _body(self, receive: Receive, announced: str) -> tuple[bytes, bool]:
        """The body, or the start of one that is too large, and whether it is that."""
        body = Body(self._limits.body_bytes, int(announced) if announced.isdecimal() else 0)
        try:
            async with asyncio.timeout(self._limits.read_s):
                while True:
                    self._check_size(body)
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    self._in_flight += body.add(message.get("body", b""))
                    if not message.get("more_body"):
                        self._check_size(body)
                        return body.taken(), body.cut
        except TimeoutError as error:
            raise InvalidInput("body.slow", msg("The body did not arrive in time.")) from error
        finally:
            self._in_flight -= body.held

    def _check_size(self, body: Body) -> None:
        if body.size > self._limits.body_bytes * _DRAINED:
            raise self._too_big()
        if self._in_flight > self._limits.flight_bytes:
            raise Unavailable("collector.busy", msg("The collector is overloaded; try again later."), retry_after_s=2)

    def _too_big(self) -> LimitReached:
        limit = self._limits.body_bytes
        return LimitReached("body.too_big", msg("The body is larger than %(limit)d bytes."), limit=limit)

    # -- handling it ---------------------------------------------------------------------------------------------

    async def _handle(self, request: Request, matches: tuple[Match, ...], scope: Scope) -> Reply:
        if len(request.body) > _THREAD_FROM_BYTES and not request.cut:
            await asyncio.to_thread(_parse_ahead, request)
        try:
            if request.cut:
                raise self._too_big()
            match = protocols.choose(matches, request)
            if match is None:
                raise NotFound("path.unknown", msg("No protocol takes this request at this address."))
            request.matched = match.values
            if match.route.answer is not None:
                return match.route.answer(request)
            assert match.route.take is not None and match.route.reply is not None
            intake = match.route.take(request)
        except (InvalidInput, LimitReached) as error:
            await self._keep_body(request, matches[0].protocol, error)
            raise
        outcome = await self._outcome(request, match, intake, scope)
        await self._keep(outcome, match.protocol.name)
        return match.route.reply(request, outcome)

    async def _outcome(self, request: Request, match: Match, intake: Intake, scope: Scope) -> Outcome:
        if not intake.names:
            return await self._of_one_sender(request, match, intake, scope, len(request.body))
        places: dict[str, list[int]] = {}
        for place, name in enumerate(intake.names):
            places.setdefault(name, []).append(place)
        outcome = Outcome([None] * len(intake.items))
        for name, own in places.items():
            part = replace(intake, key=name, names=(), items=[intake.items[place] for place in own])
            share = len(request.body) * len(own) // len(intake.names)
            read = await self._of_one_sender(request, match, part, scope, share)
            for place, event in zip(own, read.events, strict=True):
                outcome.events[place] = event
            outcome.refused += [(own[place], refusal) for place, refusal in read.refused]
        return outcome

    async def _of_one_sender(self, request: Request, match: Match, intake: Intake, scope: Scope, size: int) -> Outcome:
        product = await self._product(match, intake)
        key = "" if product == UNOWNED else f"{match.protocol.name}:{intake.key}" if intake.alias else intake.key
        self._gate.before_keeping(match, request.method, key, _address(scope), events=len(intake.items), size=size)
        arrival = self._arrival(request, intake, product, scope)
        if product == UNOWNED:
            return _unowned(match, intake, arrival)
        return await self._read(match.protocol, intake.items, arrival, len(request.body))

    async def _product(self, match: Match, intake: Intake) -> int:
        """The product of the key, of the name the sender has, or of the one in the path; UNOWNED for a strange name."""
        if not intake.alias:
            return await self._product_of(intake.key or match.values.get("product", ""))
        names = _names(match, intake)
        given = [intake.write_key] if _is_key(intake.write_key) else []
        for name in [*given, *names]:
            if (product := await self._look_up(name)) is not None:
                return product
        if not names:
            raise NotAllowed("key.missing", msg("The request does not say which site or app it comes from."))
        return UNOWNED

    async def _look_up(self, key: str) -> int | None:
        if self._keys.stale() and (self._refresh is None or self._refresh.done()):
            # In the background: a known key need not wait for the query.
            self._refresh = asyncio.create_task(asyncio.to_thread(self._keys.look_again))
        product = self._keys.known(key)
        if product is None and key:
            product = await asyncio.to_thread(self._keys.product_of, key)
        return product

    async def _product_of(self, key: str) -> int:
        product = await self._look_up(key) if _is_key(key) else None
        if product is None:
            raise NotAllowed(
                "key.unknown" if key else "key.missing",
                msg("The write key is unknown or was revoked.") if key else msg("The request carries no write key."),
            )
        return product

    def _arrival(self, request: Request, intake: Intake, product: int, scope: Scope) -> Arrival:
        address = _address(scope)

        def visitor(said_address: str = "", said_agent: str = "") -> str:
            day = request.received_ms // 86_400_000
            agent = said_agent or request.headers.get("user-agent", "")
            text = f"{day}|{product}|{said_address or address}|{agent}"
            return "visitor-" + hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:32]

        return Arrival(
            product=product,
            received_ms=request.received_ms,
            sent_ms=intake.sent_ms,
            historical=intake.historical,
            library=intake.library,
            shared=intake.shared,
            visitor=None if intake.anonymous else visitor,
            address="" if intake.anonymous else address,
            agent=request.headers.get("user-agent", ""),
            trusted=bool(intake.write_key) and self._keys.known(intake.write_key) == product,
        )

    async def _read(self, protocol: Protocol, items: Sequence[Any], arrival: Arrival, size: int) -> Outcome:
        outcome = Outcome()
        for index, item in enumerate(items):
            if index and index % _SLICE == 0:
                await asyncio.sleep(0)
            try:
                _check_event_size(item, size)
                outcome.events.append(protocol.read(item, arrival))
            except (InvalidInput, LimitReached) as error:
                outcome.events.append(None)
                outcome.refused.append((index, _refusal(protocol.name, item, arrival, error)))
        return outcome

    def _first_known(self, names: Sequence[str]) -> int | None:
        return next((found for name in names if (found := self._keys.product_of(name)) is not None), None)

    async def _keep_body(self, request: Request, protocol: Protocol, error: YunyingError) -> None:
        """Put a body nobody could read into the quarantine, if a key outside of it, or a name, says whose it is."""
        key = first_text(bearer(request), basic_user(request), *(request.query.get(name) for name in _KEY_NAMES))
        product = await asyncio.to_thread(self._keys.product_of, key) if _is_key(key) else None
        if product is None and (inside := request.matched.get("product")):
            product = await asyncio.to_thread(self._first_known, (inside, f"product:{inside}"))
        named = protocol.named(request) if product is None and protocol.named else ""
        if named:
            product = await asyncio.to_thread(self._keys.product_of, f"{protocol.name}:{named}") or UNOWNED
        if product is None:
            return
        arrival = Arrival(product=product, received_ms=request.received_ms)
        text = clean_text(request.body[:MAX_KEPT_BODY_CHARS].decode("utf-8", "replace"))
        refusal = _refusal(protocol.name, text, arrival, error)
        data = {"unread": True} | _said(error) | ({"alias": named[:200]} if product == UNOWNED else {})
        await self._spool.append(codec.encode([replace(refusal, body=text, data=data)]))

    async def _keep(self, outcome: Outcome, protocol: str) -> None:
        records: list[Event | Refusal] = [event for event in outcome.events if event is not None]
        accepted = len(records)
        records += [refusal for _, refusal in outcome.refused]
        self.counters.add("received", len(outcome.events), protocol)
        if not records:
            return
        await self._spool.append(codec.encode(records))
        self.counters.add("spooled", accepted, protocol)
        for _, refusal in outcome.refused:
            self.counters.refuse(refusal.code, 1, protocol)


def _is_key(text: str) -> bool:
    """Whether it may be a write key: a colon is part of the names that the directory has for products and senders."""
    return bool(text) and ":" not in text


def _names(match: Match, intake: Intake) -> list[str]:
    """What the directory may know a sender without a key under: the product in the path comes first."""
    inside = match.values.get("product")
    own = [f"{match.protocol.name}:{intake.key}"] if intake.key else []
    return [*([inside, f"product:{inside}"] if inside else []), *own]


def _unowned(match: Match, intake: Intake, arrival: Arrival) -> Outcome:
    """What nobody has claimed yet waits in the quarantine of the installation."""
    name = clean_text(intake.key)[:200]
    error = NotFound("alias.unknown", msg("No product goes by the name “%(name)s” here."), name=name)
    refused = [_refusal(match.protocol.name, item, arrival, error) for item in intake.items]
    for one in refused:
        one.data["alias"] = name
    return Outcome([None] * len(refused), list(enumerate(refused)))


def _address(scope: Scope) -> str:
    """Whose connection it is; behind trusted proxies, whom they say they pass on."""
    return str((scope.get("client") or ("",))[0])


class _Gone(Exception):
    """The client hung up."""


def _parse_ahead(request: Request) -> None:
    # The result is cached on the request; an error comes again, and is answered, where the document is asked for.
    try:
        _ = request.document
    except YunyingError:
        return


def _check_event_size(item: Any, body_size: int) -> None:
    # Compressed bodies unfold, so a rather small one may hold a big event; measuring always would cost too much.
    if body_size * 50 > MAX_EVENT_BYTES and len(orjson.dumps(item)) > MAX_EVENT_BYTES:
        raise LimitReached("event.too_big", msg("The event is larger than %(limit)d bytes."), limit=MAX_EVENT_BYTES)


def _refusal(protocol: str, item: Any, arrival: Arrival, error: YunyingError) -> Refusal:
    body = orjson.dumps(item).decode()
    return Refusal(
        product=arrival.product,
        id=str(uuid7()),
        received_ms=arrival.received_ms,
        protocol=protocol,
        code=error.code,
        reason=clean_text(error.text),
        body=body[:MAX_KEPT_BODY_CHARS],
        data=arrival.to_data() | _said(error) | {"field": error.field, "cut": len(body) > MAX_KEPT_BODY_CHARS},
    )


def _said(error: YunyingError) -> dict[str, Any]:
    """The message and what fills its placeholders, so that pages can say it in the reader's language."""
    values = {name: clean_text(value) if isinstance(value, str) else value for name, value in error.data.items()}
    return {"message": error.message, "values": values}

"""What the sender's agent, address and page say of an event, added on the way to the store.

Everything is added only where the SDK said nothing. Agents, addresses and pages repeat, so their answers are kept; the
thread of the flusher spends a few microseconds on an event whose agent, address and page it has met. The same batch
again becomes the same events.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from django.apps import apps

from yunying.apps.tracking.regions import RegionBook
from yunying.apps.tracking.write.addresses import ADDRESS_NAMES, kept_address, without_addresses
from yunying.apps.tracking.write.sessions import Sessions
from yunying.base import clock
from yunying.events.agents import MAX_CHARS, describe
from yunying.events.bots import AUTOMATED
from yunying.events.channels import CLICK_IDS, UTM, sources
from yunying.events.consent import ANALYTICS, CONSENT
from yunying.events.event import Event, Op, OpKind
from yunying.events.regions import Region, public_address
from yunying.store import Store

__all__ = ["Enricher"]

K = TypeVar("K")
V = TypeVar("V")

_PAGE_CHARS = 2_000
_NOTHING: Mapping[str, Any] = {}
_TAGS = frozenset((*UTM, *CLICK_IDS))
# How SDKs say that a program drives the browser.
_HINTS = frozenset(("$webdriver", "webdriver", "$is_bot", "$browser_type"))
# What is kept of a person's first visit, as `$initial_…`.
_FIRST = (*UTM, *CLICK_IDS, "$referring_domain", "$channel", "$country")


class _Wishes(NamedTuple):
    """What a product wants: its address policy and its own domains."""

    policy: str = "drop"
    domains: tuple[str, ...] = ()


_NO_WISHES = _Wishes()


class Kept(dict[K, V]):
    """Answers that are kept, at most `bound`; then it begins anew, which costs less than keeping order."""

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound

    def keep(self, key: K, value: V) -> V:
        if len(self) >= self._bound:
            self.clear()
        self[key] = value
        return value


class Enricher:
    """One per writer; not for several threads at once. Wishes and region files are looked at every `look_s` seconds."""

    def __init__(self, store: Store, regions: RegionBook | None = None, *, look_s: float = 5.0) -> None:
        self._regions = regions or RegionBook.here()
        self._sessions = Sessions(store)
        self._look_s = look_s
        self._looked_s = float("-inf")
        self._wishes: dict[int, _Wishes] = {}
        self._agents: Kept[tuple[str, bool], Mapping[str, Any]] = Kept(10_000)
        self._addresses: Kept[str, Mapping[str, Any]] = Kept(50_000)
        self._places: Kept[Region, Mapping[str, Any]] = Kept(50_000)
        self._first: Kept[tuple[int, str], int] = Kept(100_000)
        self._first_here: dict[tuple[int, str], int] = {}

    def enrich(self, events: Sequence[Event]) -> None:
        """Add to the events of a batch, in place. What came by import stays as it is."""
        self._look()
        self._first_here.clear()
        sent = [event for event in events if event.protocol != "import"]
        for event in sent:
            self._add(event)
        self._sessions.assign([event for event in sent if not _unwatched(event.props)])

    def settle(self) -> None:
        """Call when the batch is in the store: the first visits it had need not be told again."""
        for key, ms in self._first_here.items():
            self._first.keep(key, ms)
        self._first_here.clear()

    def policy_of(self, product: int) -> str:
        """The address policy of a product; of one that is not known, to store nothing."""
        self._look()
        return self._wishes.get(product, _NO_WISHES).policy

    def _look(self) -> None:
        now_s = clock.monotonic_s()
        if now_s - self._looked_s < self._look_s:
            return
        self._looked_s = now_s
        rows = apps.get_model("products", "Product").objects.values_list("pk", "address_policy", "own_domains")
        self._wishes = {pk: _Wishes(policy, tuple(domains)) for pk, policy, domains in rows}
        if self._regions.look():
            self._addresses.clear()

    def _add(self, event: Event) -> None:
        props, wishes = event.props, self._wishes.get(event.product, _NO_WISHES)
        agent = self._agent(event)
        place = self._place(event)
        page = self._page(event, agent, wishes.domains)
        address = "" if wishes.policy == "drop" else kept_address(event.address, wishes.policy)
        if not ADDRESS_NAMES.isdisjoint(props) or event.person_ops:
            without_addresses(event, wishes.policy)
            props = event.props
        if agent or place or page or address:
            mine = {"$ip": address} if address else _NOTHING
            event.props = {**page, **agent, **place, **mine, **props}
        if page:
            self._first_visit(event)

    def _agent(self, event: Event) -> Mapping[str, Any]:
        props = event.props
        said = props.get("$raw_user_agent")
        text = said if isinstance(said, str) and said else event.agent
        if not text:
            return _hinted(props) if not _HINTS.isdisjoint(props) else _NOTHING
        key = (text[:MAX_CHARS], "$current_url" in props)
        found = self._agents.get(key)
        if found is None:
            found = self._agents.keep(key, {"$raw_user_agent": key[0], **describe(key[0], browsing=key[1])})
        if not _HINTS.isdisjoint(props) and "$bot" not in found:
            return {**found, **_hinted(props)}
        return found

    def _place(self, event: Event) -> Mapping[str, Any]:
        props = event.props
        said = event.address or props.get("$ip")
        if not said or not isinstance(said, str) or "$country" in props or props.get("$geoip_disable") is True:
            return _NOTHING
        said = said[:50]
        found = self._addresses.get(said)
        if found is None:
            address = public_address(said)
            region = self._regions.find(address) if address else None
            found = self._addresses.keep(said, self._named(region) if region else _NOTHING)
        return found

    def _named(self, region: Region) -> Mapping[str, Any]:
        """One object for all addresses of a place."""
        known = self._places.get(region)
        return known if known is not None else self._places.keep(region, _properties(region))

    @staticmethod
    def _page(event: Event, agent: Mapping[str, Any], domains: tuple[str, ...]) -> Mapping[str, Any]:
        props = event.props
        url, referrer = props.get("$current_url"), props.get("$referrer")
        url = url if isinstance(url, str) else ""
        referrer = referrer if isinstance(referrer, str) else ""
        if not url and not referrer:
            return _NOTHING
        app = props.get("$browser") or agent.get("$browser", "")
        said = None
        if not _TAGS.isdisjoint(props):
            said = {name: value for name in _TAGS if isinstance(value := props.get(name), str) and value}
        return sources(
            url if len(url) <= _PAGE_CHARS else url[:_PAGE_CHARS],
            referrer if len(referrer) <= _PAGE_CHARS else referrer[:_PAGE_CHARS],
            domains,
            app=app if isinstance(app, str) else "",
            sent=said,
        )

    def _first_visit(self, event: Event) -> None:
        """What led to the earliest visit, once per person and not with each event: operations on people cost."""
        props = event.props
        if (
            props.get("$channel") == "Internal"
            or _unwatched(props)
            or props.get("$process_person_profile") is False
            or "$bot" in props
        ):
            return
        key = (event.product, event.distinct_id)
        since = min(self._first.get(key, event.ts_ms + 1), self._first_here.get(key, event.ts_ms + 1))
        if event.ts_ms >= since:
            return
        self._first_here[key] = event.ts_ms
        names = [name for name in _FIRST if props.get(name)]
        event.person_ops = [
            *event.person_ops,
            *(Op(OpKind.SET_ONCE, f"$initial_{name.removeprefix('$')}", props[name]) for name in names),
        ]


def _unwatched(props: Mapping[str, Any]) -> bool:
    """Whether somebody did not agree to be counted as a person: what they do is not strung together."""
    consent = props.get(CONSENT) if CONSENT in props else None
    return isinstance(consent, dict) and consent.get(ANALYTICS) is False


def _hinted(props: Mapping[str, Any]) -> Mapping[str, Any]:
    if any(props.get(name) is True for name in ("$webdriver", "webdriver", "$is_bot")) or (
        props.get("$browser_type") == "bot"
    ):
        return {"$bot": AUTOMATED.name, "$bot_kind": AUTOMATED.kind.value}
    return _NOTHING


def _properties(region: Region) -> Mapping[str, Any]:
    found = {
        "$country": region.country,
        "$region": region.region,
        "$city": region.city,
        "$region_zh": region.region_zh if region.region_zh != region.region else "",
        "$city_zh": region.city_zh if region.city_zh != region.city else "",
        "$timezone": region.timezone,
    }
    return {name: value for name, value in found.items() if value}

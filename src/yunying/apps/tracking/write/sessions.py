"""Sessions for events whose SDK sends none: what one id does without a pause of thirty minutes.

A session is named after its id and its first moment, so the same events give the same session, in whatever order they
stand in a batch. What a server sends joins a running session and begins none. Events that arrive after the sessions
around them were forgotten, or at another collector, may form one of their own: see docs/decisions/0015-sessions.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from yunying.base.ids import uuid_of
from yunying.events.event import Event, LinkKind
from yunying.store import EVENTS_WITH_REPEATS, Sql, Store

__all__ = ["PAUSE_MS", "Sessions"]

PAUSE_MS = 30 * 60_000
LONGEST_MS = 24 * 3_600_000
_REMEMBERED = 4  # stretches per id: tabs, devices, and what comes late

_RUNNING = f"""
SELECT product, distinct_id, session, toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts))
FROM {EVENTS_WITH_REPEATS}
WHERE ts > now64(3) - INTERVAL 1 HOUR
  AND session != ''
GROUP BY product, distinct_id, session
ORDER BY max(ts) DESC
LIMIT {{limit:UInt32}}
"""

Key = tuple[int, str]


@dataclass(slots=True)
class _Stretch:
    """A session as far as it is known: from the first to the last event."""

    name: str
    first_ms: int
    last_ms: int

    def takes(self, ms: int) -> bool:
        """Whether an event of that moment belongs to it."""
        if not self.first_ms - PAUSE_MS < ms < self.last_ms + PAUSE_MS:
            return False
        return ms - self.first_ms < LONGEST_MS and self.last_ms - ms < LONGEST_MS

    def reach(self, ms: int) -> None:
        self.first_ms, self.last_ms = min(self.first_ms, ms), max(self.last_ms, ms)


class Sessions:
    """Remembers the latest sessions of about `bound` ids, in two generations."""

    def __init__(self, store: Store, bound: int = 100_000) -> None:
        self._store = store
        self._bound = bound
        self._young: dict[Key, list[_Stretch]] | None = None
        self._old: dict[Key, list[_Stretch]] = {}

    def assign(self, events: Sequence[Event]) -> None:
        """Give the events of a batch that have no session theirs, in place; history that is sent again gets none."""
        for event in sorted(events, key=_when):
            if event.historical:
                continue
            key = (event.product, event.distinct_id)
            known = self._of(key)
            if event.session:
                self._note(key, known, event)
            else:
                event.session = self._session(key, known, event)
            if event.links:
                self._follow(event)

    def _session(self, key: Key, known: list[_Stretch], event: Event) -> str:
        ms = event.ts_ms
        for stretch in reversed(known):
            if stretch.takes(ms):
                if ms > stretch.last_ms:
                    stretch.last_ms = ms
                elif ms < stretch.first_ms:
                    stretch.first_ms = ms
                return stretch.name
        if not (event.address or event.agent or "$current_url" in event.props):
            return ""
        fresh = _Stretch(str(uuid_of("session", str(key[0]), key[1], str(ms))), ms, ms)
        self._put(key, known, fresh)
        return fresh.name

    def _note(self, key: Key, known: list[_Stretch], event: Event) -> None:
        for stretch in reversed(known):
            if stretch.name == event.session:
                stretch.reach(event.ts_ms)
                return
        self._put(key, known, _Stretch(event.session, event.ts_ms, event.ts_ms))

    def _follow(self, event: Event) -> None:
        """Who signs in goes on with the session that was begun under the id before."""
        for link in event.links:
            if link.kind is not LinkKind.IDENTIFY or link.target != event.distinct_id:
                continue
            before = next((s for s in reversed(self._of((event.product, link.source))) if s.takes(event.ts_ms)), None)
            if before and before.name != event.session and _is_ours(event, before):
                key = (event.product, event.distinct_id)
                known = [stretch for stretch in self._of(key) if stretch.name != event.session]
                event.session = before.name
                before.reach(event.ts_ms)
                self._put(key, known, before)

    def _of(self, key: Key) -> list[_Stretch]:
        young = self._filled()
        found = young.get(key)
        if found is None:
            found = self._old.get(key, [])
            if found:
                young[key] = found
        return found

    def _put(self, key: Key, known: list[_Stretch], stretch: _Stretch) -> None:
        young = self._filled()
        if len(young) >= self._bound:
            self._old, self._young = young, {}
            young = self._young
        young[key] = [*known[1 - _REMEMBERED :], stretch]

    def _filled(self) -> dict[Key, list[_Stretch]]:
        # After a restart the sessions that were running go on.
        if self._young is None:
            self._young = {}
            for product, distinct_id, name, first_ms, last_ms in self._store.query(
                Sql(_RUNNING, {"limit": self._bound})
            ).rows:
                self._young.setdefault((product, distinct_id), []).append(_Stretch(name, first_ms, last_ms))
        return self._young


def _when(event: Event) -> int:
    return event.ts_ms


def _is_ours(event: Event, before: _Stretch) -> bool:
    """Whether the session of the event was made here and just begun: what an SDK says stays."""
    made = str(uuid_of("session", str(event.product), event.distinct_id, str(event.ts_ms)))
    return event.session in ("", made)

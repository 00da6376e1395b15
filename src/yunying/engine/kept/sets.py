"""The states of kept days in the memory of this process: what lies in such days altogether needs no statement."""

from base64 import b64decode
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from struct import unpack_from
from threading import Lock
from weakref import WeakKeyDictionary

from pyroaring import BitMap

from yunying.engine.kept.keeping import Kept
from yunying.engine.kept.memory import known_of, policy
from yunying.engine.kept.tables import sets_sql
from yunying.engine.session import Session
from yunying.store import Store

__all__ = ["Held", "Sets", "held"]


@dataclass(frozen=True, slots=True)
class Held:
    """The events of a day that match a state, and the persons behind them as they are merged today."""

    events: int
    people: BitMap


# By the key of the state and the day.
Sets = dict[tuple[int, date], Held]


@dataclass(frozen=True, slots=True)
class _Entry:
    """`noted` and `owners` are what stood beside the state and which merges there were; `size` is in bytes."""

    held: Held
    noted: int
    owners: int
    size: int


@dataclass(slots=True)
class _Memory:
    """The least recently used entries go first. By product, key of the state and day."""

    entries: OrderedDict[tuple[int, int, date], _Entry] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    def get(self, key: tuple[int, int, date], noted: int, owners: int) -> Held | None:
        with self.lock:
            entry = self.entries.get(key)
            if entry is None or (entry.noted, entry.owners) != (noted, owners):
                return None
            self.entries.move_to_end(key)
            return entry.held

    def put(self, key: tuple[int, int, date], entry: _Entry, most: int) -> None:
        with self.lock:
            before = self.entries.pop(key, None)
            self.entries[key] = entry
            self.size += entry.size - (before.size if before else 0)
            while self.size > most:
                self.size -= self.entries.popitem(last=False)[1].size


_lock = Lock()
_memories: WeakKeyDictionary[Store, _Memory] = WeakKeyDictionary()


def held(session: Session, kept: Kept, *, read: bool = True) -> Sets | None:
    """The sets of all states and days of `kept`; those not at hand are read from the store, if they may be.

    None where events are to be read besides, where other processes write to the store, so that nothing tells when a
    set no longer holds, and where the sets are too large to be held.
    """
    # Read before the sets are: what is merged between the two is asked for again next time.
    owners = session.context.store.owners_version()
    if kept.rest or owners is None or not policy().sets_bytes:
        return None
    wanted = [(state.key, day.name) for state in kept.states for day in kept.days]
    memory, product = _memory_of(session.context.store), session.context.product
    found: Sets = {}
    for key, day in wanted:
        one = memory.get((product, key, day), kept.noted[day], owners)
        if one is not None:
            found[key, day] = one
    missing = [at for at in wanted if at not in found]
    return found if not missing or (read and _fetch(session, kept, missing, owners, found)) else None


def _memory_of(store: Store) -> _Memory:
    with _lock:
        return _memories.setdefault(store, _Memory())


def _fetch(session: Session, kept: Kept, missing: Iterable[tuple[int, date]], owners: int, found: Sets) -> bool:
    """Add what is missing to `found`; whether it could be."""
    store, product = session.context.store, session.context.product
    large, most = known_of(store, product).large, policy().sets_bytes
    keys, names = {key for key, _ in missing}, {day for _, day in missing}
    if keys & large:
        return False
    days = [day for day in kept.days if day.name in names]
    memory = _memory_of(store)
    for cell, key, events, state in session.ask(sets_sql(session.binder(), sorted(keys), days, most // 2)).rows:
        if not state:
            large |= keys
            return False
        raw, day = b64decode(state), days[cell].name
        found[key, day] = Held(int(events), _bitmap(raw))
        memory.put((product, key, day), _Entry(found[key, day], kept.noted[day], owners, len(raw)), most)
    return all(at in found for at in missing)


def _bitmap(state: bytes) -> BitMap:
    """A set as the engine writes the state of groupBitmap.

    A byte 0, the number of values and each in four bytes; or a byte 1, a length as a varint and the portable form of
    the RoaringFormatSpec (its AggregateFunctionGroupBitmapData.h).
    """
    if state[0] == 0:
        return BitMap(unpack_from(f"<{state[1]}I", state, 2))
    start = 1
    while state[start] & 0x80:
        start += 1
    return BitMap.deserialize(state[start + 1 :])

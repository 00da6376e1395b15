"""From the spool into the store: at least once out of the spool, exactly once in the store.

Batches of a sealed segment are always cut at the same places and carry the token `<segment>:<number>`, so the
store recognises a batch that is written again after a crash. A batch the store will not take is split until
the events at fault are found; they go to the quarantine and the rest goes on.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from yunying.base import clock
from yunying.base.clock import monotonic_s
from yunying.base.errors import Unavailable, msg
from yunying.collect import codec, segments
from yunying.collect.beside import OtherSpool
from yunying.collect.counters import Counters
from yunying.collect.faults import place_of
from yunying.collect.sink import Sink
from yunying.collect.spool import Spool
from yunying.events.event import Event, Refusal

__all__ = ["BATCH_EVENTS", "Flusher"]

log = logging.getLogger(__name__)

BATCH_EVENTS = 10_000
_WHOLE_TRIES = 3
# So often a batch that fails as a whole is tried before it is blamed even if nothing else could be written either.
_LONE_TRIES = 10
_MAX_WAIT_S = 30.0
REFUSED_BY_STORE = msg("The store did not take this event.")

T = TypeVar("T", Event, Refusal)


@dataclass(slots=True)
class _Progress:
    """How far a segment got: `batches` done, failed `tries` of the next one, `outages` of the store, when to go
    on, and how many writes had succeeded when the trouble began."""

    batches: int = 0
    tries: int = 0
    outages: int = 0
    not_before_s: float = 0.0
    writes_then: int = 0


class _Postponed(Exception):
    """This segment has to wait; the others go on."""


class Flusher:
    """One thread that empties the spool into the sink."""

    def __init__(
        self,
        spool: Spool | OtherSpool,
        sink: Sink,
        counters: Counters,
        *,
        batch_events: int = BATCH_EVENTS,
        poll_s: float = 0.25,
        first_wait_s: float = 0.5,
    ) -> None:
        self._spool = spool
        self._sink = sink
        self._counters = counters
        self._batch_events = batch_events
        self._poll_s = poll_s
        self._first_wait_s = first_wait_s
        self._progress: dict[Path, _Progress] = {}
        self._writes = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Empty the spool in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="flusher", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Finish the batch at hand and end the thread; what is left stays safe in the spool."""
        self._stop.set()
        self._spool.sealed_event.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def lag_s(self) -> float:
        """Seconds since the oldest event that is not in the store yet was accepted (rounded to its segment)."""
        names = sorted(path.stem for path in self._spool.folder.iterdir() if path.suffix in (".seg", ".open"))
        if not names:
            return 0.0
        return max(0.0, clock.now().timestamp() - int(names[0].partition("-")[0]) / 1000)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._spool.sealed_event.wait(self._poll_s)
            self._spool.sealed_event.clear()
            try:
                self._spool.seal_if_old()
                self.flush()
            except Exception as error:
                # The thread must outlive any surprise, or the spool would fill up without a word.
                log.error("flushing failed; trying again: %s", place_of(error))
                self._stop.wait(self._first_wait_s)

    def flush(self) -> int:
        """Write every sealed segment that is due; returns the number of segments that are done with."""
        done = 0
        for path in self._spool.segments():
            if self._stop.is_set():
                break
            progress = self._progress.setdefault(path, _Progress())
            if monotonic_s() < progress.not_before_s:
                continue
            try:
                self._flush_segment(path, progress)
            except _Postponed:
                continue
            except Unavailable as error:
                # The store is away for all segments alike.
                self._wait_for_store(progress, error)
                for other in self._spool.segments():
                    self._progress.setdefault(other, _Progress()).not_before_s = progress.not_before_s
                break
            except Exception as error:
                # A segment nobody can read stays where it is; the others must not wait for it.
                log.error("segment %s cannot be flushed; trying again later: %s", path.stem, place_of(error))
                self._postpone(progress)
                continue
            del self._progress[path]
            self._spool.remove(path)
            done += 1
        return done

    def _flush_segment(self, path: Path, progress: _Progress) -> None:
        for number, batch in enumerate(self._batches(path)):
            if number < progress.batches:
                continue
            self._flush_batch(batch, f"{path.stem}:{number}", progress)
            progress.batches, progress.tries, progress.outages = number + 1, 0, 0

    def _batches(self, path: Path) -> Iterator[list[codec.Record]]:
        waiting: list[codec.Record] = []
        for payload in segments.read_frames(path):
            waiting += codec.decode(payload)
            while len(waiting) >= self._batch_events:
                yield waiting[: self._batch_events]
                waiting = waiting[self._batch_events :]
        if waiting:
            yield waiting

    def _flush_batch(self, batch: Sequence[codec.Record], token: str, progress: _Progress) -> None:
        events = [record for record in batch if isinstance(record, Event)]
        refusals = [record for record in batch if isinstance(record, Refusal)]
        bad = self._put(self._sink.write, events, token, progress) if events else []
        refusals += [_quarantined(event, error) for event, error in bad]
        lost = self._put(self._sink.refuse, refusals, f"{token}:refused", progress) if refusals else []
        for refusal, _ in lost:
            log.error("refusal %s cannot be kept in the quarantine", refusal.id)
        self._counters.add("inserted", len(events) - len(bad))
        self._counters.add("quarantined", len(refusals) - len(lost))

    def _put(
        self, write: Callable[..., None], items: Sequence[T], token: str, progress: _Progress
    ) -> list[tuple[T, Exception]]:
        """Write `items`; returns those at fault. Raises Unavailable, or _Postponed while blame is uncertain."""
        try:
            self._write(write, items, token)
            return []
        except Unavailable:
            raise
        except Exception as error:
            log.warning("batch %s was not taken: %s", token, type(error).__name__)
            if progress.tries + 1 < _WHOLE_TRIES:
                self._postpone(progress)
                raise _Postponed from error
            return self._split(write, items, token, progress)

    def _split(
        self, write: Callable[..., None], items: Sequence[T], token: str, progress: _Progress
    ) -> list[tuple[T, Exception]]:
        # Level by level, so that the good halves are written before single events are tried. As long as nothing
        # at all can be written since the trouble began, the store is at fault and not the events.
        level: list[tuple[str, Sequence[T]]] = [(token, items)]
        bad: list[tuple[T, Exception]] = []
        while level:
            below: list[tuple[str, Sequence[T]]] = []
            for name, part in level:
                if (error := self._try(write, part, name)) is None:
                    continue
                if len(part) == 1:
                    bad.append((part[0], error))
                else:
                    middle = len(part) // 2
                    below += [(f"{name}.0", part[:middle]), (f"{name}.1", part[middle:])]
            level = below
            if (len(level) > 16 or not level) and not self._trusted(progress):
                self._postpone(progress)
                raise _Postponed
        return bad

    def _try(self, write: Callable[..., None], items: Sequence[T], token: str) -> Exception | None:
        try:
            self._write(write, items, token)
        except Unavailable:
            raise
        except Exception as error:
            return error
        return None

    def _write(self, write: Callable[..., None], items: Sequence[T], token: str) -> None:
        begun_s = monotonic_s()
        write(items, token=token)
        self._writes += 1
        self._counters.observe("flush", monotonic_s() - begun_s)
        arrived_ms = min(item.received_ms for item in items)
        self._counters.observe("lag", max(0.0, clock.now().timestamp() - arrived_ms / 1000))

    def _trusted(self, progress: _Progress) -> bool:
        return self._writes > progress.writes_then or progress.tries >= _LONE_TRIES

    def _postpone(self, progress: _Progress) -> None:
        if progress.tries == 0:
            progress.writes_then = self._writes
        progress.tries += 1
        self._delay(progress, progress.tries)

    def _wait_for_store(self, progress: _Progress, error: Unavailable) -> None:
        # Not counted as tries: an outage says nothing about the events.
        progress.outages += 1
        self._delay(progress, progress.outages, float(error.data.get("retry_after_s") or 0))

    def _delay(self, progress: _Progress, times: int, at_least_s: float = 0.0) -> None:
        wait_s = min(_MAX_WAIT_S, self._first_wait_s * 2 ** min(times - 1, 10)) * random.uniform(0.8, 1.2)
        progress.not_before_s = monotonic_s() + max(wait_s, at_least_s)
        self._counters.add("retries")


def _quarantined(event: Event, error: Exception) -> Refusal:
    data: dict[str, Any] = {"canonical": True, "error": type(error).__name__, "event": event.name}
    return Refusal(
        product=event.product,
        id=event.uuid,
        received_ms=event.received_ms,
        protocol=event.protocol,
        code="store.refused",
        reason=REFUSED_BY_STORE,
        body=codec.event_to_text(event),
        data=data,
    )

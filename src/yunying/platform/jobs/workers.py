"""Which worker processes live, and what becomes of the work of those that died.

A worker has an id that stays the same over restarts, so that it finds its own unfinished work again. It beats;
whoever sees a beat stand still for long enough takes that worker's work over.
"""

import fcntl
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from yunying.base import clock
from yunying.platform.jobs.models import Worker

__all__ = ["Slot", "Watch", "beat", "leave", "register", "take_slot"]

Recover = Callable[[list[str]], object]


@dataclass(frozen=True, slots=True)
class Slot:
    """A worker id and the open, locked file that keeps other processes of this machine from using it."""

    executor: str
    file: int

    def release(self) -> None:
        """Let the next process have the id."""
        os.close(self.file)


def take_slot(folder: Path) -> Slot:
    """The first worker id of this data folder that no living process holds; made on first use.

    The lock dies with the process, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        file = os.open(folder / f"worker-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            number += 1
            continue
        return Slot(_kept_id(file), file)


def _kept_id(file: int) -> str:
    kept = os.pread(file, 64, 0).decode()
    # While another worker takes over what this id left behind, the id must not run new work.
    if kept and not Worker.objects.filter(executor=kept).exclude(taken_over_by="").exists():
        return kept
    fresh = uuid4().hex
    os.ftruncate(file, 0)
    os.pwrite(file, fresh.encode(), 0)
    os.fsync(file)
    return fresh


def register(executor: str) -> None:
    """Say that this worker lives. Comes before it takes any work."""
    now = clock.now()
    Worker.objects.update_or_create(
        executor=executor,
        defaults={
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "started_at": now,
            "beat_at": now,
            "taken_over_by": "",
        },
    )


def beat(executor: str) -> None:
    """Say that this worker still lives; one that was given up meanwhile registers again."""
    if not Worker.objects.filter(executor=executor, taken_over_by="").update(beat_at=clock.now()):
        register(executor)


def leave(executor: str) -> None:
    """Say that this worker is gone, so that others need not wait for it."""
    Worker.objects.filter(executor=executor).delete()


@dataclass
class Watch:
    """One worker's view of the others. Compares beats with its own monotonic clock: clocks need not agree."""

    executor: str
    dead_after_s: float
    recover: Recover
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)

    def look(self, with_work: set[str]) -> list[str]:
        """Take over from dead workers, and from ids in `with_work` that no row speaks of; returns whom."""
        rows = {row.executor: row for row in Worker.objects.exclude(executor=self.executor)}
        orphans = sorted(with_work - rows.keys() - {self.executor})
        if orphans:
            self.recover(orphans)
        return orphans + [name for name, row in rows.items() if self._stands_still(row) and self._take_over(row)]

    def _stands_still(self, row: Worker) -> bool:
        now_s = clock.monotonic_s()
        last, since_s = self._seen.get(row.executor, (None, now_s))
        if last != row.beat_at:
            since_s = now_s
        self._seen[row.executor] = (row.beat_at, since_s)
        return now_s - since_s >= self.dead_after_s

    def _take_over(self, row: Worker) -> bool:
        # One of several watchers wins; should it die too, the row stands still again and the next one tries.
        dead = Worker.objects.filter(executor=row.executor, beat_at=row.beat_at)
        if not dead.update(beat_at=clock.now(), taken_over_by=self.executor):
            return False
        self.recover([row.executor])
        Worker.objects.filter(executor=row.executor, taken_over_by=self.executor).delete()
        return True

"""The spool: accepted events on disk before the client hears 200.

Requests that arrive within the same few milliseconds are written and `fdatasync`ed together (group commit); each
waits for its group. A segment is sealed when it is big or old enough, and then belongs to the flusher.
"""

import asyncio
import fcntl
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from yunying.base.clock import monotonic_s
from yunying.base.errors import Unavailable, msg
from yunying.collect import segments

__all__ = ["Spool", "SpoolLimits"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """`cap_bytes`: all segments together; `segment_bytes` and `segment_age_s`: when one is sealed;
    `window_s`: how long a group commit waits for company; `waiting_bytes`: not yet written, in memory."""

    cap_bytes: int = 4096 << 20
    segment_bytes: int = 16 << 20
    segment_age_s: float = 1.0
    window_s: float = 0.002
    waiting_bytes: int = 64 << 20


class Spool:
    """One writing process per folder; `append` is called on one event loop, the rest from any thread."""

    def __init__(self, folder: Path, limits: SpoolLimits | None = None) -> None:
        """Open `folder`, making it if needed, and seal what an earlier process left open.

        Raises Unavailable `spool.locked` when another process writes there.
        """
        self.folder = folder
        self.limits = limits or SpoolLimits()
        folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(folder)
        segments.recover(folder)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._group: asyncio.Future[None] | None = None
        self._committer: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._file: _OpenSegment | None = None
        # Guards the open segment: the commit thread writes it, the flusher's thread seals it by age.
        self._mutex = threading.Lock()
        self._sealed_bytes = sum(path.stat().st_size for path in segments.sealed(folder))
        self._closed = False
        self.sealed_event = threading.Event()

    # -- writing -------------------------------------------------------------------------------------------------

    async def append(self, payload: bytes) -> None:
        """Return when `payload` is on disk. Raises Unavailable when the spool is full, closed or cannot be written."""
        if self._closed:
            raise Unavailable("spool.closed", msg("The collector is shutting down."), retry_after_s=5)
        if self.bytes_held() + self._waiting_bytes > self.limits.cap_bytes:
            raise Unavailable("spool.full", msg("The collector is full; try again later."), retry_after_s=30)
        if self._waiting_bytes > self.limits.waiting_bytes:
            raise Unavailable("spool.busy", msg("The collector is overloaded; try again later."), retry_after_s=2)
        framed = segments.frame(payload)
        self._waiting.append(framed)
        self._waiting_bytes += len(framed)
        loop = asyncio.get_running_loop()
        if self._group is None:
            self._group = loop.create_future()
        if self._committer is None or self._committer.done():
            self._committer = loop.create_task(self._commit_groups())
        # Shielded: the group is shared, a client that hangs up must not cancel it for the others.
        await asyncio.shield(self._group)

    async def _commit_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(self.limits.window_s)
            # No await between the swap and the call: whoever appends from here on joins the next group.
            data, group = b"".join(self._waiting), self._group
            self._waiting, self._waiting_bytes, self._group = [], 0, None
            try:
                await loop.run_in_executor(self._thread, self._write, data)
            except OSError as error:
                log.error("spool write failed: %s", os.strerror(error.errno or 0))
                _settle(
                    group, Unavailable("spool.write", msg("The collector cannot write its spool."), retry_after_s=10)
                )
            else:
                _settle(group, None)

    def _write(self, data: bytes) -> None:
        with self._mutex:
            if self._file is None:
                self._file = _OpenSegment(self.folder)
            try:
                self._file.write(data)
            except OSError:
                self._abandon()
                raise
            if self._file.size >= self.limits.segment_bytes or self._file.age_s() >= self.limits.segment_age_s:
                self._seal()

    def _abandon(self) -> None:
        # After a failed write or sync nobody knows what the tail holds: cut it back to what was acknowledged.
        assert self._file is not None
        try:
            self._file.cut_back()
            self._seal()
        except OSError:
            log.exception("a segment could not be cut back; it is sealed at the next start")
            self._file = None

    # -- sealing -------------------------------------------------------------------------------------------------

    def seal_if_old(self) -> None:
        """Seal the open segment if it is old enough; called by the flusher while no event arrives."""
        with self._mutex:
            if self._file is not None and self._file.age_s() >= self.limits.segment_age_s:
                self._seal()

    def seal_now(self) -> None:
        """Seal the open segment whatever its age, for whoever wants its events flushed at once."""
        with self._mutex:
            if self._file is not None:
                self._seal()

    def _seal(self) -> None:
        assert self._file is not None
        path = self._file.close()
        self._file = None
        target = segments.seal(path)
        if target.exists():
            self._sealed_bytes += target.stat().st_size
            self.sealed_event.set()

    def segments(self) -> list[Path]:
        """Sealed segments, oldest first."""
        return segments.sealed(self.folder)

    def remove(self, path: Path) -> None:
        """Forget a segment whose events are in the store."""
        size = path.stat().st_size
        path.unlink()
        with self._mutex:
            self._sealed_bytes -= size

    def recount(self) -> None:
        """Look how much is left, where another process removes segments."""
        with self._mutex:
            self._sealed_bytes = sum(_size(path) for path in segments.sealed(self.folder))

    def bytes_held(self) -> int:
        """Bytes on disk that the store has not got yet."""
        file = self._file
        return self._sealed_bytes + (file.size if file else 0)

    async def drain(self) -> None:
        """Stop taking events and wait until the last group is on disk."""
        self._closed = True
        if self._committer is not None:
            await self._committer

    def close(self) -> None:
        """Seal the open segment and let go of the folder."""
        self._closed = True
        self._thread.shutdown(wait=True)
        self.seal_now()
        os.close(self._lock_file)


class _OpenSegment:
    """The file being written. `size` counts acknowledged bytes only."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{segments.new_name()}.open"
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = 0
        self._born_s = monotonic_s()
        self._put(segments.MAGIC)
        # The name itself must survive a power cut, or the data synced into the file would be unreachable.
        segments.sync_folder(folder)

    def write(self, data: bytes) -> None:
        self._put(data)
        os.fdatasync(self._handle)
        self.size += len(data)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def age_s(self) -> float:
        return monotonic_s() - self._born_s

    def cut_back(self) -> None:
        os.ftruncate(self._handle, len(segments.MAGIC) + self.size)

    def close(self) -> Path:
        os.close(self._handle)
        return self.path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _settle(group: "asyncio.Future[None] | None", error: Unavailable | None) -> None:
    if group is None or group.done():
        return
    if error is None:
        group.set_result(None)
    else:
        group.set_exception(error)
        # Nobody may be left waiting (all clients gone): look at the error once, so that asyncio does not complain.
        group.exception()


def _lock(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Unavailable("spool.locked", msg("Another process already writes this spool.")) from error
    return handle

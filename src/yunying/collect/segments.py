"""Segment files of the spool: how frames are written, read back and sealed.

A segment is a magic line and frames: length and CRC-32 (both four bytes, little endian), then the payload.
`<name>.open` is being written, `<name>.seg` is complete. Reading stops at the first frame that is cut short or
damaged: after a crash the tail may be torn, and nothing behind the last `fdatasync` was ever acknowledged.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from yunying.base import clock
from yunying.base.ids import new_secret

__all__ = [
    "MAGIC",
    "Waiting",
    "frame",
    "new_name",
    "read_frames",
    "recover",
    "seal",
    "sealed",
    "sync_folder",
    "waiting",
]

MAGIC = b"yunying-spool-1\n"
_HEAD = struct.Struct("<II")
_MAX_FRAME = 256 << 20


def frame(payload: bytes) -> bytes:
    """`payload` with its length and checksum in front."""
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def new_name() -> str:
    """A name that sorts by time and never comes back, so that tokens made of it never collide."""
    millis = int(clock.now().timestamp() * 1000)
    return f"{millis:013d}-{new_secret('s', 9).replace('_', '-')}"


def read_frames(path: Path) -> Iterator[bytes]:
    """The payloads of a segment up to the first torn or damaged frame."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            size, checksum = _HEAD.unpack(head)
            payload = file.read(size) if size <= _MAX_FRAME else b""
            # A tail of zeros, as file systems leave it after a power cut, would be a frame of nothing with the right
            # checksum; so no frame is empty.
            if size == 0 or len(payload) != size or zlib.crc32(payload) != checksum:
                return
            yield payload


def seal(path: Path) -> Path:
    """Turn `<name>.open` into `<name>.seg`, or remove it if it holds nothing; returns the new path."""
    target = path.with_suffix(".seg")
    if next(read_frames(path), None) is None:
        path.unlink()
    else:
        path.rename(target)
    sync_folder(path.parent)
    return target


def recover(folder: Path) -> list[Path]:
    """Seal every segment a dead process left open; returns the sealed paths that hold something."""
    found = [seal(path) for path in sorted(folder.glob("*.open"))]
    return [path for path in found if path.exists()]


def sealed(folder: Path) -> list[Path]:
    """Complete segments, oldest first."""
    return sorted(folder.glob("*.seg"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a spool holds that the store has not got: segments, their bytes, and the age of the oldest in seconds."""

    segments: int
    bytes: int
    oldest_s: float


def waiting(folder: Path) -> Waiting:
    """What waits in `folder`, by its names; the process that writes it need not be asked. Cost: one look per file."""
    sizes: dict[str, int] = {}
    for path in folder.glob("*-*.*") if folder.exists() else ():
        if path.suffix in (".seg", ".open"):
            # The flusher may be done with it in this moment.
            with suppress(FileNotFoundError):
                sizes[path.stem] = path.stat().st_size
    begun_ms = int(min(sizes).partition("-")[0]) if sizes else 0
    oldest_s = max(0.0, clock.now().timestamp() - begun_ms / 1000) if sizes else 0.0
    return Waiting(len(sizes), sum(sizes.values()), oldest_s)


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

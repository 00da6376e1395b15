"""Where the flusher takes events to."""

from collections.abc import Sequence
from typing import Protocol

from yunying.events.event import Event, Refusal

__all__ = ["Sink"]


class Sink(Protocol):
    """Keeps events and refusals for good.

    Both calls are idempotent under the same `token`. They raise Unavailable while the store is away; any other
    error means that something in the batch cannot be kept.
    """

    def write(self, events: Sequence[Event], *, token: str) -> None: ...

    def refuse(self, items: Sequence[Refusal], *, token: str) -> None: ...

"""The body of a request while it comes in."""

from yunying.events.limits import MAX_KEPT_BODY_CHARS

__all__ = ["Body"]


class Body:
    """A body as it comes in. Of one that is too large only the start is held; the client gets to send the rest, for
    many do not read an answer before they have."""

    def __init__(self, limit: int, announced: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._seen = 0
        self._announced = announced
        self.held = 0
        self.cut = announced > limit

    @property
    def size(self) -> int:
        """What is known of its size so far."""
        return max(self._seen, self._announced)

    def add(self, chunk: bytes) -> int:
        """By how much more is held now."""
        before = self.held
        self._seen += len(chunk)
        if not self.cut or self.held < MAX_KEPT_BODY_CHARS:
            self._chunks.append(chunk)
            self.held += len(chunk)
        self.cut = self.cut or self._seen > self._limit
        if self.cut and self.held > MAX_KEPT_BODY_CHARS:
            self._chunks = [self.taken()[:MAX_KEPT_BODY_CHARS]]
            self.held = MAX_KEPT_BODY_CHARS
        return self.held - before

    def taken(self) -> bytes:
        """What is held, as one."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

"""The catalogue fills itself: names, volumes, first and last seen, the types of a sample of values.

The writer holds the lock of every product of its batch, so reading, adding and writing back loses nothing;
what people write about a name stands in other columns, which this never touches.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from yunying.apps.tracking.models import EventDefinition, EventProperty, PropertyDefinition, PropertyOf
from yunying.apps.tracking.write.batch import Batch, Sighting

__all__ = ["MAX_NAMES", "Catalogue"]

# Names beyond this many per product and kind are not listed: they are ids or addresses put into a name by mistake.
MAX_NAMES = 5000
_CHUNK = 500
_COUNTED = ["volume", "first_seen", "last_seen"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Catalogue:
    """Adds batches up. Remembers which pairs of event and property are on record, and until when."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, str, str], int] = {}
        self._sizes: dict[tuple[int, str], int] = {}

    def add(self, batch: Batch) -> None:
        """Call inside the transaction of the batch."""
        for product in sorted(batch.products):
            self._add_events(product, {n: s for (p, n), s in batch.names.items() if p == product})
            for of in PropertyOf:
                seen = {n: s for (p, o, n), s in batch.properties.items() if p == product and o == of}
                self._add_properties(product, of, seen)
        self._add_pairs(batch.pairs)

    def forget(self) -> None:
        """Drop what is remembered: the transaction it came from was rolled back."""
        self._pairs.clear()
        self._sizes.clear()

    def _add_events(self, product: int, seen: Mapping[str, Sighting]) -> None:
        rows = {row.name: row for row in _known(EventDefinition.objects.filter(product_id=product), seen)}
        for name in self._room(product, "events", seen.keys() - rows.keys(), EventDefinition):
            rows[name] = EventDefinition(product_id=product, name=name)
        for name, row in rows.items():
            _count(row, seen[name])
        _upsert(EventDefinition, rows.values(), ["id"], _COUNTED)

    def _add_properties(self, product: int, of: PropertyOf, seen: Mapping[str, Sighting]) -> None:
        if not seen:
            return
        rows = {row.name: row for row in _known(PropertyDefinition.objects.filter(product_id=product, of=of), seen)}
        for name in self._room(product, of.value, seen.keys() - rows.keys(), PropertyDefinition):
            rows[name] = PropertyDefinition(product_id=product, of=of, name=name)
        for name, row in rows.items():
            _count(row, seen[name])
            for kind, number in seen[name].types.items():
                row.seen_types[kind] = row.seen_types.get(kind, 0) + number
        _upsert(PropertyDefinition, rows.values(), ["id"], [*_COUNTED, "seen_types"])

    def _add_pairs(self, pairs: Mapping[tuple[int, str, str], int]) -> None:
        # Right to the hour is enough, and spares most batches the write.
        late = {pair: ms for pair, ms in pairs.items() if ms > self._pairs.get(pair, -(1 << 62)) + 3_600_000}
        rows = [
            EventProperty(product_id=product, event=event, property=name, last_seen=_time(ms))
            for (product, event, name), ms in late.items()
            if len(name) <= 400
        ]
        _upsert(EventProperty, rows, ["product", "event", "property"], ["last_seen"])
        if len(self._pairs) > 200_000:
            self._pairs.clear()
        self._pairs.update(late)

    def _room(self, product: int, kind: str, new: Iterable[str], model: Any) -> list[str]:
        names = sorted(name for name in new if len(name) <= 400)
        if not names:
            return []
        known = self._sizes.get((product, kind))
        if known is None:
            rows = model.objects.filter(product_id=product)
            known = rows.count() if kind == "events" else rows.filter(of=kind).count()
        names = names[: max(0, MAX_NAMES - known)]
        self._sizes[product, kind] = known + len(names)
        return names


def _known(rows: Any, seen: Mapping[str, Sighting]) -> Iterable[Any]:
    names = sorted(seen)
    for start in range(0, len(names), _CHUNK):
        yield from rows.filter(name__in=names[start : start + _CHUNK])


def _count(row: Any, seen: Sighting) -> None:
    first, last = _time(seen.first_ms), _time(seen.last_ms)
    row.first_seen = first if row.first_seen is None else min(row.first_seen, first)
    row.last_seen = last if row.last_seen is None else max(row.last_seen, last)
    row.volume += seen.volume


def _upsert(model: Any, rows: Iterable[Any], unique: list[str], update: list[str]) -> None:
    given = list(rows)
    if given:
        model.objects.bulk_create(
            given, batch_size=_CHUNK, update_conflicts=True, unique_fields=unique, update_fields=update
        )


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)

"""Links between ids on record: what is said again changes nothing, what is new leads to all that hangs together.

Inside the writer's transaction, with the lock of the product.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from yunying.apps.tracking.models import IdLink, IdSplit, JoinKind, MergeOutcome
from yunying.apps.tracking.write.batch import Linked
from yunying.apps.tracking.write.joining import NEVER, day_of, order
from yunying.apps.tracking.write.properties import tag_of

__all__ = [
    "MOST_LINKS",
    "Component",
    "Noted",
    "chunks",
    "claim_anew",
    "components",
    "devices_of",
    "known_from",
    "note",
]

_CHUNK = 400
_SLICE = 20_000
_ENOUGH = 100  # devices of a user on a day: more than may be
# An id with more links is not followed: what hangs on it is too much to be worked out anew with every batch.
MOST_LINKS = 2_000
T = TypeVar("T")


@dataclass(slots=True)
class Noted:
    """Ids about which something new was said, and claims that came too late."""

    names: set[str] = field(default_factory=set)
    late: list[IdLink] = field(default_factory=list)


def note(product: int, linked: Iterable[Linked]) -> Noted:
    """Put links on record, each pair with its earliest time. A few queries per 400 pairs."""
    said = _earliest(product, linked)
    known = {(row.kind, row.source, row.target): row for row in _pairs(product, said)}
    new = [link for key, link in said.items() if key not in known]
    earlier = [known[key] for key, link in said.items() if key in known and order(link) < order(known[key])]
    for row in earlier:
        link = said[row.kind, row.source, row.target]
        row.at_ms, row.tag = link.at_ms, link.tag
    IdLink.objects.bulk_create(new, batch_size=_CHUNK)
    IdLink.objects.bulk_update(earlier, ["at_ms", "tag"], batch_size=_CHUNK)
    noted = Noted({name for row in (*new, *earlier) for name in (row.source, row.target)})
    claims = [row for row in (*new, *earlier) if row.kind == JoinKind.IDENTIFY]
    _claim(product, claims, noted)
    return noted


def _earliest(product: int, linked: Iterable[Linked]) -> dict[tuple[str, str, str], IdLink]:
    said: dict[tuple[str, str, str], IdLink] = {}
    for one in linked:
        link = one.link
        row = IdLink(
            product_id=product,
            source=link.source,
            target=link.target,
            kind=link.kind.value,
            at_ms=one.ms,
            tag=tag_of(one.uuid),
            protocol=one.protocol[:20],
            library=one.library[:100],
        )
        key = (row.kind, row.source, row.target)
        if key not in said or order(row) < order(said[key]):
            said[key] = row
    return said


def _pairs(product: int, said: Iterable[tuple[str, str, str]]) -> Iterator[IdLink]:
    for part in chunks(sorted(said)):
        sources, targets = {source for _, source, _ in part}, {target for _, _, target in part}
        yield from IdLink.objects.filter(product_id=product, source__in=sources, target__in=targets)


def _claim(product: int, claims: Sequence[IdLink], noted: Noted) -> None:
    """Of all who claim an anonymous id the first one stands."""
    by_source: dict[str, list[IdLink]] = {}
    for row in claims:
        by_source.setdefault(row.source, []).append(row)
    pks = {row.pk for row in claims}
    for part in chunks(sorted(by_source)):
        standing = IdLink.objects.filter(product_id=product, kind=JoinKind.IDENTIFY, standing=True, source__in=part)
        for row in standing:
            if row.pk not in pks:
                by_source[row.source].append(row)
    splits = _splits(product, sorted(by_source))
    if splits:
        splits = _splits(product, sorted({row.target for rows in by_source.values() for row in rows} | set(by_source)))
    _stand(by_source.values(), splits, noted)


def claim_anew(product: int, sources: Iterable[str]) -> Noted:
    """After people were split or merged by hand: which claims of these ids stand now."""
    by_source: dict[str, list[IdLink]] = {}
    for part in chunks(sorted(sources)):
        for row in IdLink.objects.filter(product_id=product, kind=JoinKind.IDENTIFY, source__in=part):
            by_source.setdefault(row.source, []).append(row)
    names = {row.target for rows in by_source.values() for row in rows} | set(by_source)
    noted = Noted()
    _stand(by_source.values(), _splits(product, sorted(names)), noted)
    return noted


def _stand(sources: Iterable[list[IdLink]], splits: dict[int, dict[str, bool]], noted: Noted) -> None:
    changed: list[IdLink] = []
    for rows in sources:
        free = [row for row in rows if not _apart(row, splits)]
        first = min(free or rows, key=order)
        for row in rows:
            late = row is not first
            if late and row.standing:
                noted.late.append(row)
            if row.standing == late:
                row.standing = not late
                changed.append(row)
                noted.names.update((row.source, row.target))
    IdLink.objects.bulk_update(changed, ["standing"], batch_size=_CHUNK)


def _apart(row: IdLink, splits: dict[int, dict[str, bool]]) -> bool:
    return any(
        row.source in sides and row.target in sides and sides[row.source] != sides[row.target]
        for sides in splits.values()
    )


def _splits(product: int, names: Sequence[str]) -> dict[int, dict[str, bool]]:
    found: dict[int, dict[str, bool]] = {}
    for part in chunks(names):
        rows = IdSplit.objects.filter(product_id=product, distinct_id__in=part)
        for split, name, left in rows.values_list("split", "distinct_id", "left"):
            found.setdefault(split, {})[name] = left
    return found


@dataclass(slots=True)
class Component:
    """Ids that hang together by links and splits, whether these hold or not; `heavy` ones were not followed further."""

    names: list[str] = field(default_factory=list)
    links: list[IdLink] = field(default_factory=list)
    splits: dict[int, dict[str, bool]] = field(default_factory=dict)
    heavy: set[str] = field(default_factory=set)


def components(product: int, names: Iterable[str]) -> list[Component]:
    """All that hangs together with these ids. A few queries per 400 ids and step away from them."""
    walk = _Walk(product)
    walk.go(set(names))
    return walk.parts()


class _Walk:
    def __init__(self, product: int) -> None:
        self._product = product
        self._seen: set[str] = set()
        self._links: dict[int, IdLink] = {}
        self._splits: dict[int, dict[str, bool]] = {}
        self._heavy: set[str] = set()

    def go(self, names: set[str]) -> None:
        while names:
            self._seen |= names
            found: set[str] = set()
            for part in chunks(sorted(names)):
                for row in (*self._rows("source", part), *self._rows("target", part)):
                    self._links[row.pk] = row
                    found.update((row.source, row.target))
                found |= self._of_splits(part)
            names = found - self._seen

    def _rows(self, side: str, names: Sequence[str]) -> list[IdLink]:
        while True:
            wanted = IdLink.objects.filter(product_id=self._product, standing=True, **{f"{side}__in": names})
            rows = list(wanted[:_SLICE])
            if len(rows) < _SLICE and len(rows) <= MOST_LINKS:
                return rows
            counts = Counter(getattr(row, side) for row in rows)
            heavy = {name for name, count in counts.items() if count > MOST_LINKS}
            if not heavy:
                return rows if len(rows) < _SLICE else list(wanted)
            self._heavy |= heavy
            names = [name for name in names if name not in heavy]

    def _of_splits(self, names: Sequence[str]) -> set[str]:
        mine = IdSplit.objects.filter(product_id=self._product, distinct_id__in=names).values_list("split", flat=True)
        found: set[str] = set()
        new = set(mine) - self._splits.keys()
        if new:
            for row in IdSplit.objects.filter(product_id=self._product, split__in=new):
                self._splits.setdefault(row.split, {})[row.distinct_id] = row.left
                found.add(row.distinct_id)
        return found

    def parts(self) -> list[Component]:
        whole = _Whole(self._seen)
        for row in self._links.values():
            whole.unite(row.source, row.target)
        for sides in self._splits.values():
            first, *others = sides
            for name in others:
                whole.unite(first, name)
        found: dict[str, Component] = {}
        for name in sorted(self._seen):
            part = found.setdefault(whole.root(name), Component())
            part.names.append(name)
            part.heavy |= {name} & self._heavy
        for row in self._links.values():
            found[whole.root(row.source)].links.append(row)
        for split, sides in self._splits.items():
            found[whole.root(next(iter(sides)))].splits[split] = sides
        return list(found.values())


class _Whole:
    def __init__(self, names: Iterable[str]) -> None:
        self._parent = {name: name for name in names}

    def root(self, name: str) -> str:
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def unite(self, one: str, other: str) -> None:
        self._parent[self.root(one)] = self.root(other)


def devices_of(product: int, part: Component) -> dict[tuple[str, int], int]:
    """How many devices the heavy users of a component had on the days of its links, besides those of these links."""
    own = [link.pk for link in part.links]
    found: dict[tuple[str, int], int] = {}
    for user, day in {(link.target, day_of(link.at_ms)) for link in part.links if link.target in part.heavy}:
        first = day * 86_400_000
        theirs = IdLink.objects.filter(
            product_id=product,
            target=user,
            kind=JoinKind.IDENTIFY,
            outcome=MergeOutcome.DONE,
            at_ms__gte=first,
            at_ms__lt=first + 86_400_000,
        )
        found[user, day] = len(set(theirs.values_list("pk", flat=True)[: len(own) + _ENOUGH]) - set(own))
    return found


def known_from(known: bool, known_ms: int | None) -> int:
    """From when on an id is known; ids of earlier versions always were."""
    return (known_ms or 0) if known else NEVER


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Parts of a sequence that fit into one statement."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]

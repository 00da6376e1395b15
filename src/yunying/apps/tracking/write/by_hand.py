"""What people decide about ids: two persons are one, or some ids of one are somebody else.

A decision outlasts what programs say: links between the sides of a split do not hold any more, however often they come
again, and a merge takes back the splits between the two. Inside the writer's transaction, with the lock of the product.
"""

from collections.abc import Sequence

from yunying.apps.tracking.models import DistinctId, IdLink, IdSplit, JoinKind, Merge, MergeOutcome
from yunying.apps.tracking.write.joining import join
from yunying.apps.tracking.write.links import Noted, chunks, claim_anew, components, known_from
from yunying.apps.tracking.write.persons import Persons
from yunying.base import clock

__all__ = ["join_by_hand", "side_of", "split_by_hand"]

_CHUNK = 400


def join_by_hand(persons: Persons, product: int, one: int, other: int) -> None:
    """Make one person of the two that own these numbers."""
    mine, theirs = _ids(product, one), _ids(product, other)
    names = [row.distinct_id for row in (*mine, *theirs)]
    _take_back_splits(product, [row.distinct_id for row in mine], [row.distinct_id for row in theirs])
    source, target = _telling(theirs, other), _telling(mine, one)
    IdLink.objects.update_or_create(
        product_id=product,
        source=source,
        target=target,
        kind=JoinKind.MANUAL,
        defaults={"at_ms": round(clock.now().timestamp() * 1000), "tag": "", "outcome": ""},
    )
    noted = claim_anew(product, names)
    noted.names.update(names)
    persons.regroup(product, noted)


def split_by_hand(persons: Persons, product: int, number: int, leaving: Sequence[str], by: str) -> int:
    """Make a person of their own of some ids of the one who owns `number`; gives that person's number."""
    rows = _ids(product, number)
    gone = [row for row in rows if row.distinct_id in set(leaving)]
    rest = [row for row in rows if row.distinct_id not in set(leaving)]
    said = Merge.objects.create(
        product_id=product,
        kind=JoinKind.MANUAL,
        source=_telling(gone, gone[0].number),
        target=_telling(rest, number),
        outcome=MergeOutcome.SPLIT,
        winner=rest[0].number,
        loser=gone[0].number,
        by=by[:150],
    )
    IdSplit.objects.bulk_create(
        [
            IdSplit(product_id=product, split=said.pk, distinct_id=row.distinct_id, left=row in gone)
            for row in (*gone, *rest)
        ],
        batch_size=_CHUNK,
    )
    names = [row.distinct_id for row in rows]
    noted = claim_anew(product, names)
    persons.regroup(product, Noted(noted.names | set(names), noted.late))
    return DistinctId.objects.values_list("owner", flat=True).get(number=gone[0].number)


def side_of(product: int, kind: str, source: str, target: str) -> list[str]:
    """The ids that would leave with `source` if this link did not hold; none where others hold all together."""
    parts = components(product, [source])
    part = next((part for part in parts if source in part.names and target in part.names), None)
    if part is None:
        return []
    rows = {row.distinct_id: row for some in chunks(part.names) for row in _named(product, some)}
    links = [one for one in part.links if one.source in rows and one.target in rows]
    others = [one for one in links if (one.kind, one.source, one.target) != (kind, source, target)]
    known = {name: known_from(row.known, row.known_ms) for name, row in rows.items()}
    root = join(known, others, part.splits).root
    if source not in root or root[source] == root.get(target):
        return []
    return sorted(name for name in root if root[name] == root[source] and rows[name].owner == rows[source].owner)


def _named(product: int, names: Sequence[str]) -> list[DistinctId]:
    return list(DistinctId.objects.filter(product_id=product, distinct_id__in=names))


def _ids(product: int, number: int) -> list[DistinctId]:
    return list(DistinctId.objects.filter(product_id=product, owner=number).order_by("first_ms", "number"))


def _telling(rows: Sequence[DistinctId], number: int) -> str:
    """The id to write down for a person: a known one, else the one with the person's number."""
    return min(rows, key=lambda row: (not row.known, row.number != number, row.number)).distinct_id


def _take_back_splits(product: int, mine: Sequence[str], theirs: Sequence[str]) -> None:
    left: dict[int, set[bool]] = {}
    for some in chunks(mine):
        for row in IdSplit.objects.filter(product_id=product, distinct_id__in=some):
            left.setdefault(row.split, set()).add(row.left)
    against: set[int] = set()
    for some in chunks(theirs):
        for row in IdSplit.objects.filter(product_id=product, distinct_id__in=some, split__in=left):
            if row.left not in left[row.split] or len(left[row.split]) > 1:
                against.add(row.split)
    for some in chunks([*mine, *theirs]):
        IdSplit.objects.filter(product_id=product, distinct_id__in=some, split__in=against).delete()

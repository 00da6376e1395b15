"""Persons in one transaction: which person an id is, merges and splits, and the properties of persons.

The writer holds the lock of every product of its batch, so no other writer changes these rows meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection

from yunying.apps.tracking.models import DistinctId, IdLink, Merge, MergeOutcome, Person
from yunying.apps.tracking.write.batch import Deed, Key, Linked
from yunying.apps.tracking.write.joining import NEVER, Joined, join
from yunying.apps.tracking.write.links import Component, Noted, chunks, components, devices_of, known_from, note
from yunying.apps.tracking.write.properties import Properties
from yunying.apps.tracking.write.regrouping import Regrouping
from yunying.events.event import LinkKind
from yunying.events.nobody import is_nobody

__all__ = ["Persons"]

_CHUNK = 400
# Plain statements, many at once: a change of history has thousands, and the ORM takes several times as long.
_OWNER = "UPDATE tracking_distinctid SET owner = %s, version = version + 1 WHERE number = %s"
_KNOWN = "UPDATE tracking_distinctid SET known = %s, known_ms = %s WHERE number = %s"
_OUTCOME = "UPDATE tracking_idlink SET outcome = %s WHERE id = %s"
_FIRST = "UPDATE tracking_distinctid SET first_ms = %s WHERE number = %s"
_FIELDS = ["properties", "marks", "own", "born_ms", "identified", "merged_into", "version"]


class Persons:
    """The persons behind some ids, loaded once, changed in memory, saved once.

    After `save`, `touched` are the numbers of persons whose copy in the event store is out of date and `moved`
    the numbers of ids that changed owner.
    """

    def __init__(self, numbers: Mapping[Key, int], *, by: str = "") -> None:
        self._numbers = numbers
        self._by = by[:150]
        self._owner: dict[int, int] = {}
        self._rows: dict[int, Person] = {}
        self._open: dict[int, Properties] = {}
        self._open_own: dict[int, Properties] = {}
        self._merges: list[Merge] = []
        self._changed: set[int] = set()
        self.touched: set[int] = set()
        self.moved: set[int] = set()

    def load(self, keys: Iterable[Key]) -> None:
        """Read the persons of these ids, after all links of the batch were followed."""
        numbers = {self._numbers[key] for key in keys}
        for part in chunks(sorted(numbers - self._owner.keys())):
            self._owner.update(DistinctId.objects.filter(number__in=part).values_list("number", "owner"))
        self._read({self._owner[number] for number in numbers} | numbers)

    def _read(self, numbers: Iterable[int]) -> None:
        for part in chunks(sorted(set(numbers) - self._rows.keys())):
            self._rows.update(Person.objects.filter(number__in=part).in_bulk())

    # -- links ---------------------------------------------------------------------------------------------------------

    def link(self, linked: Sequence[Linked]) -> None:
        """Make of ids the persons that all links say, these and those on record."""
        rubbish = {one.link: one for one in linked if is_nobody(one.link.source) or is_nobody(one.link.target)}
        for one in rubbish.values():
            self._refuse(one)
        sound = [one for one in linked if one.link not in rubbish]
        for product in sorted({one.product for one in sound}):
            theirs = [one for one in sound if one.product == product]
            known = self._make_known(product, theirs)
            noted = note(product, [one for one in theirs if one.link.source != one.link.target])
            self.regroup(product, noted, known)

    def regroup(self, product: int, noted: Noted, known: Iterable[str] = ()) -> None:
        """Work out anew the persons of all that hangs together with what was noted and with `known` ids."""
        parts = components(product, noted.names | set(known))
        names = sorted(name for part in parts for name in part.names)
        rows: dict[str, DistinctId] = {}
        for some in chunks(names):
            found = DistinctId.objects.filter(product_id=product, distinct_id__in=some)
            rows.update({row.distinct_id: row for row in found})
        plans = [self._planned(product, some, rows) for some in _sharing(parts, rows)]
        self._apply([change for change, _ in plans])
        told = [one for _, some in plans for one in some]
        self._tell([*told, *((link, MergeOutcome.BOTH_KNOWN) for link in noted.late)], rows)

    def _planned(
        self, product: int, parts: Sequence[Component], rows: dict[str, DistinctId]
    ) -> tuple[Regrouping, list[tuple[IdLink, str]]]:
        """What is to become of parts that share persons today, and of their links."""
        theirs = {name: rows[name] for part in parts for name in part.names if name in rows}
        numbers = {row.number for row in theirs.values()}
        # Where not all that hangs together is at hand, persons only grow.
        open_ended = any(part.heavy for part in parts) or any(row.owner not in numbers for row in theirs.values())
        groups: list[list[DistinctId]] = []
        told: list[tuple[IdLink, str]] = []
        for part in parts:
            mine = {name: theirs[name] for name in part.names if name in theirs}
            joined = self._join(product, part, mine, open_ended)
            by_root: dict[str, list[DistinctId]] = {}
            for name, row in mine.items():
                by_root.setdefault(joined.root[name], []).append(row)
            groups += by_root.values()
            told += [(link, outcome) for link, outcome in joined.outcomes if outcome and outcome != link.outcome]
        return Regrouping(groups, open_ended=open_ended), told

    def _join(self, product: int, part: Component, rows: dict[str, DistinctId], open_ended: bool) -> Joined:
        links = [link for link in part.links if link.source in rows and link.target in rows]
        splits = {split: {n: left for n, left in sides.items() if n in rows} for split, sides in part.splits.items()}
        known = {name: known_from(row.known, row.known_ms) for name, row in rows.items()}
        together = self._as_they_are(rows, known) if open_ended else []
        return join(known, links, splits, together, devices_of(product, part) if part.heavy else None)

    def _as_they_are(self, rows: dict[str, DistinctId], known: dict[str, int]) -> list[list[str]]:
        owners: dict[int, list[str]] = {}
        for name, row in rows.items():
            owners.setdefault(row.owner, []).append(name)
        self._read(owners)
        for number, names in owners.items():
            if self._rows[number].identified:
                known[names[0]] = min(known[names[0]], 0)
        return list(owners.values())

    def _apply(self, changes: Sequence[Regrouping]) -> None:
        self._read({number for change in changes for number in change.needed})
        owners: dict[int, int] = {}
        gone: dict[int, int] = {}
        for change in changes:
            change.carry_out(self._rows)
            owners.update({number: owner for owner, numbers in change.moves for number in numbers})
            gone.update({part: owner for owner, part in change.whole})
            self.touched |= change.touched
            self._changed |= change.changed
        for part in chunks(sorted(gone)):
            # What has one owner and gets another one as a whole may be more than is at hand.
            theirs = DistinctId.objects.filter(owner__in=part).values_list("number", "owner")
            owners.update({number: gone[owner] for number, owner in theirs})
        with connection.cursor() as cursor:
            cursor.executemany(_OWNER, [(owner, number) for number, owner in owners.items()])
        self.moved.update(owners)
        self._owner.update(owners)

    def _make_known(self, product: int, linked: Sequence[Linked]) -> list[str]:
        """Note since when ids are known; gives those of which that is news."""
        first: dict[str, int] = {}
        for one in linked:
            if one.link.kind is LinkKind.IDENTIFY:
                first[one.link.target] = min(one.ms, first.get(one.link.target, NEVER))
        news: list[DistinctId] = []
        for part in chunks(sorted(first)):
            for row in DistinctId.objects.filter(product_id=product, distinct_id__in=part):
                if first[row.distinct_id] < known_from(row.known, row.known_ms):
                    row.known, row.known_ms = True, first[row.distinct_id]
                    news.append(row)
        with connection.cursor() as cursor:
            cursor.executemany(_KNOWN, [(True, row.known_ms, row.number) for row in news])
        self._read({row.owner for row in news})
        for row in news:
            self._rows[row.owner].identified = True
            self.touched.add(row.owner)
        return [row.distinct_id for row in news]

    def _refuse(self, one: Linked) -> None:
        link = IdLink(
            product_id=one.product,
            kind=one.link.kind.value,
            source=one.link.source[:400],
            target=one.link.target[:400],
            protocol=one.protocol[:20],
            library=one.library[:100],
        )
        self._merges.append(_merge(link, MergeOutcome.RUBBISH, None, None))

    def _tell(self, told: Sequence[tuple[IdLink, str]], rows: dict[str, DistinctId]) -> None:
        for link, outcome in told:
            if link.source not in rows or link.target not in rows:
                continue  # erased
            link.outcome = outcome
            if self._by and outcome == MergeOutcome.BARRED:
                continue  # the split itself is on record
            winner = rows[link.target].owner
            source, target = rows[link.source].number, rows[link.target].number
            loser = (target if winner == source else source) if outcome == MergeOutcome.DONE else source
            self._merges.append(_merge(link, outcome, winner, loser, self._by))
        with connection.cursor() as cursor:
            cursor.executemany(_OUTCOME, [(link.outcome, link.pk) for link, _ in told])

    # -- properties ----------------------------------------------------------------------------------------------------

    def apply(self, deed: Deed) -> None:
        """Apply the operations of one event."""
        number = self._numbers[deed.key]
        owner = self._rows[self._owner[number]]
        self._properties(owner).apply(deed.ops, deed.ms, deed.uuid)
        if number != owner.number:
            self._properties(self._rows[number]).apply(deed.ops, deed.ms, deed.uuid)
        elif owner.own is not None:
            own = self._open_own.setdefault(number, Properties(owner.own["properties"], owner.own["marks"]))
            own.apply(deed.ops, deed.ms, deed.uuid)

    def lower_births(self, first: dict[int, int]) -> None:
        """Events older than all seen so far under an id: its person was born earlier. `first` is ms by number."""
        with connection.cursor() as cursor:
            # One statement for the batch; a history read backwards lowers thousands at a time.
            cursor.executemany(_FIRST, [(ms, number) for number, ms in first.items()])
        for number, ms in first.items():
            row = self._rows[self._owner[number]]
            if ms < row.born_ms:
                row.born_ms = ms
                self.touched.add(row.number)

    def save(self) -> None:
        """Write what changed."""
        for number, open_ in self._open.items():
            if open_.changed:
                self._changed.add(number)
            # What belongs to somebody else today is not copied.
            if open_.shown and self._rows[number].merged_into is None:
                self.touched.add(number)
        self._changed |= {number for number, own in self._open_own.items() if own.changed}
        rows = [self._rows[number] for number in sorted(self.touched | self._changed)]
        for row in rows:
            row.version += 1
        if rows:
            Person.objects.bulk_create(
                rows, batch_size=_CHUNK, update_conflicts=True, unique_fields=["number"], update_fields=_FIELDS
            )
        Merge.objects.bulk_create(self._merges)

    def _properties(self, person: Person) -> Properties:
        return self._open.setdefault(person.number, Properties(person.properties, person.marks))


def _sharing(parts: Sequence[Component], rows: Mapping[str, DistinctId]) -> list[list[Component]]:
    """Components of links, those together that share persons as they are today: a claim may just have been lost."""
    of_owner: dict[int, list[Component]] = {}
    for part in parts:
        owners = {rows[name].owner for name in part.names if name in rows}
        found = {id(of_owner[owner]): of_owner[owner] for owner in owners if owner in of_owner}
        mine = [part, *(one for some in found.values() for one in some)]
        for one in mine:
            for name in one.names:
                if name in rows:
                    of_owner[rows[name].owner] = mine
    return list({id(some): some for some in of_owner.values()}.values())


def _merge(link: IdLink, outcome: str, winner: int | None, loser: int | None, by: str = "") -> Merge:
    return Merge(
        product_id=link.product_id,
        kind=link.kind,
        source=link.source,
        target=link.target,
        outcome=outcome,
        winner=winner,
        loser=loser,
        protocol=link.protocol,
        library=link.library,
        by=by,
    )

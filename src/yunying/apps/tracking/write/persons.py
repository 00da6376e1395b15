"""Persons in one transaction: which person an id is, merges, and the properties of persons and accounts.

The writer holds the lock of every product of its batch, so no other writer changes these rows meanwhile.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import connection
from django.db.models import F

from yunying.apps.tracking.models import Account, DistinctId, Merge, MergeOutcome, Person
from yunying.apps.tracking.write.batch import Deed, Key, Linked
from yunying.apps.tracking.write.numbers import Known
from yunying.apps.tracking.write.properties import Properties
from yunying.events.event import Link, LinkKind
from yunying.events.nobody import is_nobody

__all__ = ["Persons", "apply_account_ops"]

_CHUNK = 500
_FIRST = "UPDATE tracking_distinctid SET first_ms = %s WHERE number = %s"
_ID = ("number", "owner", "known")
T = TypeVar("T")


class Persons:
    """The persons behind some ids, loaded once, changed in memory, saved once.

    After `save`, `touched` are the numbers of persons whose copy in the event store is out of date and `moved`
    the numbers of ids that changed owner.
    """

    def __init__(self, found: dict[Key, Known]) -> None:
        self._numbers = {key: known.number for key, known in found.items()}
        self._owner: dict[int, int] = {}
        self._rows: dict[int, Person] = {}
        self._open: dict[int, Properties] = {}
        self._merges: list[Merge] = []
        self._known: set[int] = set()
        self._newly_known: set[int] = set()
        self.touched: set[int] = set()
        self.moved: set[int] = set()

    def load(self, keys: Iterable[Key]) -> None:
        """Read the persons of these ids; ids not among those found (rubbish in links) are passed over."""
        numbers = sorted({self._numbers[key] for key in keys if key in self._numbers} - self._owner.keys())
        for part in _chunks(numbers):
            for number, owner, known in DistinctId.objects.filter(number__in=part).values_list(*_ID):
                self._owner[number] = owner
                if known:
                    self._known.add(number)
        wanted = sorted({self._owner[n] for n in numbers} - self._rows.keys())
        for part in _chunks(wanted):
            self._rows.update(Person.objects.filter(number__in=part).in_bulk())

    def link(self, linked: Linked) -> None:
        """Make one person of two ids where that is right, and write down what was refused."""
        product, link = linked.product, linked.link
        if is_nobody(link.source) or is_nobody(link.target):
            self._record(linked, MergeOutcome.RUBBISH)
            return
        source, target = self._person(product, link.source), self._person(product, link.target)
        if source is target:
            self._mark_known(linked, target)
            return
        if source.identified and (link.kind is LinkKind.IDENTIFY or target.identified) and link.kind != LinkKind.MERGE:
            self._record(linked, MergeOutcome.BOTH_KNOWN, target, source)
            return
        winner, loser = _winner(link, source, target)
        self._merge(winner, loser)
        self._mark_known(linked, winner)
        self._record(linked, MergeOutcome.DONE, winner, loser)

    def apply(self, deed: Deed) -> None:
        """Apply the operations of one event."""
        self._properties(self._person(*deed.key)).apply(deed.ops, deed.ms, deed.uuid)

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
                row = self._rows[number]
                row.properties, row.marks = open_.values, open_.marks
                self.touched.add(number)
        rows = [self._rows[number] for number in sorted(self.touched)]
        for row in rows:
            row.version += 1
        if rows:
            fields = ["properties", "marks", "born_ms", "identified", "merged_into", "version"]
            Person.objects.bulk_create(
                rows, batch_size=_CHUNK, update_conflicts=True, unique_fields=["number"], update_fields=fields
            )
        for part in _chunks(sorted(self._newly_known)):
            DistinctId.objects.filter(number__in=part).update(known=True)
        Merge.objects.bulk_create(self._merges)

    def _person(self, product: int, name: str) -> Person:
        return self._rows[self._owner[self._numbers[product, name]]]

    def _properties(self, person: Person) -> Properties:
        return self._open.setdefault(person.number, Properties(person.properties, person.marks))

    def _merge(self, winner: Person, loser: Person) -> None:
        ids = DistinctId.objects.filter(owner=loser.number)
        numbers = list(ids.values_list("number", flat=True))
        for part in _chunks(numbers):
            DistinctId.objects.filter(number__in=part).update(owner=winner.number, version=F("version") + 1)
        self._owner.update(dict.fromkeys(numbers, winner.number))
        self.moved.update(numbers)
        self._properties(winner).absorb(self._properties(loser))
        self._open[loser.number] = Properties(changed=True)
        winner.born_ms = min(winner.born_ms, loser.born_ms)
        winner.identified = winner.identified or loser.identified
        loser.merged_into = winner.number
        self.touched.update((winner.number, loser.number))

    def _mark_known(self, linked: Linked, person: Person) -> None:
        if linked.link.kind is not LinkKind.IDENTIFY:
            return
        number = self._numbers[linked.product, linked.link.target]
        if number not in self._known:
            self._known.add(number)
            self._newly_known.add(number)
            self.touched.add(person.number)
        if not person.identified:
            person.identified = True
            self.touched.add(person.number)

    def _record(
        self,
        linked: Linked,
        outcome: MergeOutcome,
        winner: Person | None = None,
        loser: Person | None = None,
    ) -> None:
        self._merges.append(
            Merge(
                product_id=linked.product,
                kind=linked.link.kind.value,
                source=linked.link.source[:400],
                target=linked.link.target[:400],
                outcome=outcome,
                winner=winner.number if winner else None,
                loser=loser.number if loser else None,
                protocol=linked.protocol[:20],
                library=linked.library[:100],
            )
        )


def _winner(link: Link, source: Person, target: Person) -> tuple[Person, Person]:
    # Identify keeps the known id's person; the symmetric kinds keep the known one, else the one that came first,
    # so that the order in which links arrive does not matter.
    if link.kind is LinkKind.IDENTIFY or (target.identified and not source.identified):
        return target, source
    if source.identified and not target.identified:
        return source, target
    return (source, target) if source.number < target.number else (target, source)


def apply_account_ops(deeds: Sequence[Deed]) -> set[Key]:
    """Create and change the accounts of a batch; gives those whose copy in the event store is out of date."""
    by_key: dict[Key, list[Deed]] = {}
    for deed in deeds:
        by_key.setdefault(deed.key, []).append(deed)
    rows: dict[Key, Account] = {}
    for product in sorted({key[0] for key in by_key}):
        keys = sorted(key[1] for key in by_key if key[0] == product)
        for part in _chunks(keys):
            rows.update({(product, r.key): r for r in Account.objects.filter(product_id=product, key__in=part)})
    changed = {key: row for key, done in by_key.items() if (row := _changed_account(key, rows.get(key), done))}
    if changed:
        fields = ["properties", "marks", "first_seen_ms", "version"]
        Account.objects.bulk_create(
            changed.values(),
            batch_size=_CHUNK,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=fields,
        )
    return set(changed)


def _changed_account(key: Key, row: Account | None, done: list[Deed]) -> Account | None:
    first_ms = min(deed.ms for deed in done)
    fresh = row is None
    row = row or Account(product_id=key[0], key=key[1], first_seen_ms=first_ms, version=0)
    properties = Properties(row.properties, row.marks)
    for deed in done:
        properties.apply(deed.ops, deed.ms, deed.uuid)
    if not (fresh or properties.changed or first_ms < row.first_seen_ms):
        return None
    row.first_seen_ms = min(row.first_seen_ms, first_ms)
    row.version += 1
    return row


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]

"""People by their numbers, as lists of other apps show them, and what is on record about their ids."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from yunying.apps.tracking.ids import shown_ids
from yunying.apps.tracking.models import DistinctId, Merge, Person
from yunying.apps.tracking.people.finding import PersonRow, called
from yunying.apps.tracking.times import moment

__all__ = ["distinct_ids", "merge_count", "merges_of", "people", "people_by_id", "rows_of"]

_CHUNK = 500


def people(product_id: int, numbers: Sequence[int]) -> list[PersonRow]:
    """The persons with these numbers, in this order; numbers of nobody are left out. Two queries per 500."""
    found: dict[int, PersonRow] = {}
    for start in range(0, len(numbers), _CHUNK):
        part = list(numbers[start : start + _CHUNK])
        persons = Person.objects.filter(product_id=product_id, number__in=part, merged_into=None)
        found.update({row.number: row for row in rows_of(list(persons))})
    return [found[number] for number in numbers if number in found]


def people_by_id(product_id: int, ids: Collection[str]) -> dict[str, PersonRow]:
    """The persons to whom distinct ids belong today, by id; for a page of events. Three queries."""
    owned = DistinctId.objects.filter(product_id=product_id, distinct_id__in=ids).values_list("distinct_id", "owner")
    owners = dict(owned)
    found = {row.number: row for row in people(product_id, sorted(set(owners.values())))}
    return {name: found[owner] for name, owner in owners.items() if owner in found}


def rows_of(persons: Sequence[Person]) -> list[PersonRow]:
    """Persons as lists show them. One query per 500."""
    ids = shown_ids([person.number for person in persons])
    return [
        PersonRow(
            number=person.number,
            distinct_id=ids.get(person.number, ""),
            name=called(person.properties) or ids.get(person.number, ""),
            born=moment(person.born_ms),
            identified=person.identified,
            properties=person.properties,
        )
        for person in persons
    ]


def distinct_ids(product_id: int, number: int) -> list[DistinctId]:
    """All ids of a person, the first one first."""
    return list(DistinctId.objects.filter(product_id=product_id, owner=number).order_by("first_ms", "number"))


def merges_of(product_id: int, number: int) -> list[Merge]:
    """What was merged into a person, and what was refused, newest first; at most 100."""
    numbers = [row.number for row in distinct_ids(product_id, number)]
    rows = Merge.objects.filter(product_id=product_id).filter(Q(winner__in=numbers) | Q(loser__in=numbers))
    return list(rows.order_by("-at", "-pk")[:100])


def merge_count(product_id: int) -> int:
    """How many links between ids were looked at so far: a number that grows with every merge. One query."""
    return Merge.objects.filter(product_id=product_id).count()

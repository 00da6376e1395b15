"""People by their numbers, as lists of other apps show them, and what is on record about their ids."""

from collections.abc import Sequence

from django.db.models import Q

from yunying.apps.tracking.models import DistinctId, Merge, Person
from yunying.apps.tracking.people.finding import PersonRow, called
from yunying.apps.tracking.times import moment

__all__ = ["distinct_ids", "merge_count", "merges_of", "people", "rows_of"]

_CHUNK = 500


def people(product_id: int, numbers: Sequence[int]) -> list[PersonRow]:
    """The persons with these numbers, in this order; numbers of nobody are left out. Two queries per 500."""
    found: dict[int, PersonRow] = {}
    for start in range(0, len(numbers), _CHUNK):
        part = list(numbers[start : start + _CHUNK])
        persons = Person.objects.filter(product_id=product_id, number__in=part, merged_into=None)
        found.update({row.number: row for row in rows_of(list(persons))})
    return [found[number] for number in numbers if number in found]


def rows_of(persons: Sequence[Person]) -> list[PersonRow]:
    """Persons as lists show them. One query."""
    ids: dict[int, str] = {}
    owned = DistinctId.objects.filter(owner__in=[person.number for person in persons])
    for owner, number, name in owned.order_by("number").values_list("owner", "number", "distinct_id"):
        # The person's own first id, else the earliest of those that joined.
        if number == owner or owner not in ids:
            ids[owner] = name
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

"""Commands on persons: make one of two, and let ids leave. Reports follow within seconds, for the past as well."""

from collections.abc import Sequence

from yunying.apps.tracking.models import DistinctId, Merge, MergeOutcome, Person
from yunying.apps.tracking.write.by_hand import join_by_hand, side_of, split_by_hand
from yunying.apps.tracking.write.persons import Persons
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs import enqueue
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["MOST_IDS", "ids_to_leave", "merge_people", "split_person"]

# Of more ids than this nobody decides by hand.
MOST_IDS = 1_000


def merge_people(*, access: ProductAccess, person: Person, other: Person) -> int:
    """Make one person of two; gives the number of that person. Links between them that were split hold again.

    Raises NotAllowed, InvalidInput where both are the same or have more than MOST_IDS ids together.
    """
    from yunying.apps.tracking.ingest import shared_ingest

    _may(access)
    if person.number == other.number:
        raise InvalidInput("people.same", msg("This is the same person already."), field="with")
    _check_size([person.number, other.number])

    def change(persons: Persons) -> int:
        _still_there([person.number, other.number])
        join_by_hand(persons, access.product.pk, person.number, other.number)
        number = DistinctId.objects.values_list("owner", flat=True).get(number=person.number)
        _record(access, persons, "person.merged", number, {"merged": other.number})
        return number

    return shared_ingest().rearrange(access.product.pk, change, by=access.actor.name)


def split_person(*, access: ProductAccess, person: Person, ids: Sequence[str]) -> int:
    """Let some ids leave a person; gives the number of the new one. Programs cannot join them again, people can.

    Events follow their id, and so do the properties that came with them. Raises NotAllowed, InvalidInput.
    """
    from yunying.apps.tracking.ingest import shared_ingest

    _may(access)
    _check_size([person.number])
    own = set(DistinctId.objects.filter(owner=person.number).values_list("distinct_id", flat=True))
    if not ids or not set(ids) <= own:
        raise InvalidInput("people.ids", msg("Choose ids of this person."), field="ids")
    if set(ids) == own:
        raise InvalidInput("people.all_ids", msg("At least one id has to stay."), field="ids")

    def change(persons: Persons) -> int:
        _still_there([person.number])
        number = split_by_hand(persons, access.product.pk, person.number, ids, access.actor.name)
        # By number, not by id: the log is kept for good, and somebody may be erased.
        _record(access, persons, "person.split", person.number, {"new_person": number, "ids": len(set(ids))})
        return number

    return shared_ingest().rearrange(access.product.pk, change, by=access.actor.name)


def ids_to_leave(product_id: int, person: Person, merge_id: int) -> list[str]:
    """The ids that came to a person by one merge and are not held by anything else; empty where there are none."""
    merge = Merge.objects.filter(product_id=product_id, pk=merge_id, outcome=MergeOutcome.DONE).first()
    if merge is None:
        return []
    found = side_of(product_id, merge.kind, merge.source, merge.target)
    own = set(
        DistinctId.objects.filter(owner=person.number, distinct_id__in=found).values_list("distinct_id", flat=True)
    )
    return sorted(own)


def _may(access: ProductAccess) -> None:
    access.require(Permission.SEE_PEOPLE)
    access.require(Permission.MANAGE_DATA)


def _check_size(numbers: Sequence[int]) -> None:
    if DistinctId.objects.filter(owner__in=numbers).count() > MOST_IDS:
        raise InvalidInput(
            "people.too_many_ids",
            msg("Somebody with more than %(limit)d ids is not changed by hand."),
            limit=MOST_IDS,
        )


def _still_there(numbers: Sequence[int]) -> None:
    """Somebody else, or a program, may have merged them a moment ago."""
    if Person.objects.filter(number__in=numbers, merged_into=None).count() != len(numbers):
        raise Conflict("people.changed", msg("This person was changed meanwhile. Look again."))


def _record(access: ProductAccess, persons: Persons, verb: str, number: int, after: dict[str, int]) -> None:
    from yunying.apps.tracking.tasks import copy_people

    record(access.actor, verb, ("person", number, str(number)), product_id=access.product.pk, after=after)
    # They are copied right after this; the job does it where the process ends in between.
    numbers = sorted(persons.touched | persons.moved)
    enqueue(copy_people, numbers=numbers)

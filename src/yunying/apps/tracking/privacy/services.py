"""What pages and the API ask for: erase a person, sweep now."""

from django.db import transaction

from yunying.apps.tracking.models import DistinctId, Erasure, Person
from yunying.apps.tracking.privacy.erasing import close_the_door
from yunying.base.errors import InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs import enqueue
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["request_erasure"]

_REASON = 200


def request_erasure(*, access: ProductAccess, person: Person, reason: str = "") -> Erasure:
    """Erase a person in the background. From now on nothing of their past is taken any more.

    `reason` must not say who it is. Raises NotAllowed, InvalidInput.
    """
    from yunying.apps.tracking.privacy.tasks import erase_person

    access.require(Permission.SEE_PEOPLE)
    access.require(Permission.MANAGE_DATA)
    ids = list(
        DistinctId.objects.filter(product=access.product, owner=person.number).values_list("number", "distinct_id")
    )
    _check(reason, [name for _, name in ids])
    with transaction.atomic():
        erasure = Erasure.objects.create(
            product=access.product,
            numbers=sorted(number for number, _ in ids),
            reason=reason.strip(),
            requested_by_id=access.actor.id,
        )
        close_the_door(access.product.pk, [name for _, name in ids])
        # By its number: the log is kept for good, and must not remember what is erased.
        target = ("person", person.number, str(person.number))
        after = {"reason": reason.strip(), "ids": len(ids)}
        record(access.actor, "person.erasure_requested", target, product_id=access.product.pk, after=after)
        enqueue(erase_person, key=str(erasure.pk), erasure_id=erasure.pk)
    return erasure


def _check(reason: str, names: list[str]) -> None:
    if len(reason) > _REASON:
        raise InvalidInput(
            "erasure.reason", msg("Keep the reason below %(limit)d characters."), field="reason", limit=_REASON
        )
    if any(name.lower() in reason.lower() for name in names if len(name) > 2):
        raise InvalidInput(
            "erasure.reason_names", msg("The reason stays on record, so it must not name the person."), field="reason"
        )

"""The one door to what tracking protects: persons, accounts and entries of the catalogue."""

from yunying.apps.tracking.models import Account, EventDefinition, Person, PropertyDefinition
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["account_for", "event_for", "person_for", "property_for"]


def person_for(access: ProductAccess, number: int) -> Person:
    """The person who owns `number` today. Raises NotFound, NotAllowed without the right to see people. ≤ 3 queries."""
    access.require(Permission.SEE_PEOPLE)
    # A number that was merged away still leads to the person, so old links stay good; chains are short.
    for _ in range(32):
        person = Person.objects.filter(product=access.product, number=number).first()
        if person is None or person.merged_into is None:
            break
        number = person.merged_into
    if person is None:
        raise NotFound("person.absent", msg("There is no such person."))
    return person


def account_for(access: ProductAccess, pk: int) -> Account:
    """One account. Raises NotFound, NotAllowed without the right to see people."""
    access.require(Permission.SEE_PEOPLE)
    found = Account.objects.filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("account.absent", msg("There is no such account."))
    return found


def event_for(access: ProductAccess, pk: int, need: Permission = Permission.VIEW) -> EventDefinition:
    """One event name of the catalogue. Raises NotFound, NotAllowed without `need`."""
    access.require(need)
    found = EventDefinition.objects.filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("event.absent", msg("There is no such event in the catalogue."))
    return found


def property_for(access: ProductAccess, pk: int, need: Permission = Permission.VIEW) -> PropertyDefinition:
    """One property of the catalogue. Raises NotFound, NotAllowed without `need`."""
    access.require(need)
    found = PropertyDefinition.objects.filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("property.absent", msg("There is no such property in the catalogue."))
    return found

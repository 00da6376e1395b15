"""Commands on the catalogue: describe a name, announce one that is not sent yet. All are checked and audited."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from yunying.apps.tracking.models import EventDefinition, EventProperty, PropertyDefinition, PropertyOf, State
from yunying.apps.tracking.write.catalogue import MAX_NAMES
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import member_ids

__all__ = ["EVENT_WORDS", "PROPERTY_WORDS", "Entry", "announce_event", "announce_property", "describe", "words_of"]

Entry = EventDefinition | PropertyDefinition

_SHARED = ("title_en", "title_zh", "description", "category", "owner_id", "hidden")
EVENT_WORDS = (
    *_SHARED,
    "trigger",
    "platforms",
    "priority",
    "version",
    "state",
    "is_order",
    "is_sign_up",
    "revenue_property",
    "revenue_currency",
)
PROPERTY_WORDS = (*_SHARED, "allowed", "required", "example")
_FLAGS = frozenset({"hidden", "is_order", "is_sign_up", "required"})
_LONGEST_TEXT = 5_000


def words_of(entry: Entry) -> dict[str, Any]:
    """Everything people wrote about an entry."""
    names = EVENT_WORDS if isinstance(entry, EventDefinition) else PROPERTY_WORDS
    return {name: getattr(entry, name) for name in names}


def describe(*, access: ProductAccess, entries: Sequence[Entry], words: Mapping[str, Any]) -> int:
    """Write `words` about these entries, all or none; gives how many changed. Reports keep working.

    A hidden name leaves suggestions and is counted on. An event with `revenue_property` gets the product's currency
    unless one is given. Raises InvalidInput naming the field, NotAllowed without the right to manage data.
    """
    access.require(Permission.MANAGE_DATA)
    changed = 0
    with transaction.atomic():
        for entry in entries:
            changed += _describe(access, entry, _checked(access, entry, words))
    return changed


def announce_event(*, access: ProductAccess, name: str) -> EventDefinition:
    """The entry of an event name, made when nothing of it came yet. Raises InvalidInput, LimitReached."""
    access.require(Permission.MANAGE_DATA)
    made: EventDefinition = _announced(access, EventDefinition, name, {})
    return made


def announce_property(*, access: ProductAccess, of: PropertyOf, name: str) -> PropertyDefinition:
    """The entry of a property, made when nothing of it came yet. Raises InvalidInput, LimitReached."""
    access.require(Permission.MANAGE_DATA)
    made: PropertyDefinition = _announced(access, PropertyDefinition, name, {"of": of})
    return made


def _announced(access: ProductAccess, model: Any, name: str, more: Mapping[str, Any]) -> Any:
    name = name.strip()
    if not name or len(name) > 400 or "\x00" in name:
        raise InvalidInput("catalogue.name", msg("A name has 1 to 400 characters."), field="name")
    rows = model.objects.filter(product=access.product, **more)
    known = rows.filter(name=name).first()
    if known is not None:
        return known
    if rows.count() >= MAX_NAMES:
        raise LimitReached(
            "catalogue.full", msg("The catalogue has room for %(most)d names of a kind."), most=MAX_NAMES
        )
    with transaction.atomic():
        # The writer may see the first event at this very moment: whoever comes second finds the other's row.
        entry, created = model.objects.get_or_create(product=access.product, name=name, **more)
        if created:
            record(access.actor, f"{_kind(entry)}.announced", _target(entry), product_id=access.product.pk)
    return entry


def _describe(access: ProductAccess, entry: Entry, words: dict[str, Any]) -> bool:
    before = {name: getattr(entry, name) for name in words}
    if before == words:
        return False
    for name, value in words.items():
        setattr(entry, name, value)
    # Only these columns: the writer counts volumes in the same row at the same time.
    entry.save(update_fields=list(words))
    record(
        access.actor,
        f"{_kind(entry)}.described",
        _target(entry),
        product_id=access.product.pk,
        before=before,
        after=words,
    )
    return True


def _checked(access: ProductAccess, entry: Entry, words: Mapping[str, Any]) -> dict[str, Any]:
    known = EVENT_WORDS if isinstance(entry, EventDefinition) else PROPERTY_WORDS
    for name in words:
        if name not in known:
            raise InvalidInput("catalogue.field", msg("%(name)s is no field of this entry."), field=name, name=name)
    found = {name: _value(access, entry, name, value) for name, value in words.items()}
    if isinstance(entry, EventDefinition) and {"revenue_property", "revenue_currency"} & found.keys():
        found |= _revenue(access, entry, found)
    return found


def _value(access: ProductAccess, entry: Entry, name: str, value: Any) -> Any:
    if name in _FLAGS:
        return bool(value)
    if name == "owner_id":
        if value is not None and value not in member_ids(access.product):
            raise InvalidInput("catalogue.owner", msg("Choose a member of this product."), field="owner")
        return value
    text = str(value or "").strip()
    longest = getattr(entry._meta.get_field(name), "max_length", None) or _LONGEST_TEXT
    if len(text) > longest or "\x00" in text:
        raise InvalidInput("catalogue.long", msg("At most %(most)d characters fit here."), field=name, most=longest)
    if name == "state" and text and text not in State.values:
        raise InvalidInput("catalogue.state", msg("Choose one of the offered states."), field="state")
    return text


def _revenue(access: ProductAccess, entry: EventDefinition, found: Mapping[str, Any]) -> dict[str, str]:
    """Property and currency, both or none."""
    name = found.get("revenue_property", entry.revenue_property)
    if not name:
        return {"revenue_property": "", "revenue_currency": ""}
    pairs = EventProperty.objects.filter(product=access.product, event=entry.name)
    if entry.volume and not pairs.filter(property=name).exists():
        raise InvalidInput(
            "catalogue.revenue_property",
            msg("Events of this name never carried a property “%(name)s”."),
            field="revenue_property",
            name=name,
        )
    currency = (found.get("revenue_currency") or entry.revenue_currency or access.product.currency).upper()
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise InvalidInput(
            "catalogue.currency", msg("A currency is three letters, such as CNY or EUR."), field="revenue_currency"
        )
    return {"revenue_property": name, "revenue_currency": currency}


def _kind(entry: Entry) -> str:
    return "event" if isinstance(entry, EventDefinition) else "property"


def _target(entry: Entry) -> tuple[str, int, str]:
    return (f"tracking.{_kind(entry)}", entry.pk, entry.name)

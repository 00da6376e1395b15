"""Commands on the catalogue, and word of what was asked; the write side of events is `ingest`."""

from django.db import transaction

from yunying.apps.tracking.columns import note_question
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["describe", "note_question"]

_FIELDS = ("title_en", "title_zh", "description", "hidden")


def describe(
    *,
    access: ProductAccess,
    definition: EventDefinition | PropertyDefinition,
    title_en: str,
    title_zh: str,
    description: str,
    hidden: bool,
) -> None:
    """Give a name of the catalogue titles and a description, or hide it from suggestions. Questions keep working."""
    access.require(Permission.MANAGE_DATA)
    before = {name: getattr(definition, name) for name in _FIELDS}
    after = {"title_en": title_en.strip(), "title_zh": title_zh.strip(), "description": description, "hidden": hidden}
    for name, value in after.items():
        setattr(definition, name, value)
    kind = "event" if isinstance(definition, EventDefinition) else "property"
    with transaction.atomic():
        # Only these columns: the writer counts volumes in the same row at the same time.
        definition.save(update_fields=list(_FIELDS))
        record(
            access.actor,
            f"{kind}.described",
            (f"tracking.{kind}", definition.pk, definition.name),
            product_id=access.product.pk,
            before=before,
            after=after,
        )

"""Background work on events: columns for properties asked for often, and what deleted products leave behind."""

import logging

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.catalogue.volumes import count_missing_days
from yunying.apps.tracking.copies import complete_copies
from yunying.apps.tracking.erasing import erase
from yunying.apps.tracking.importing import tasks as importing  # its jobs are found through this module
from yunying.apps.tracking.live import tasks as live
from yunying.apps.tracking.models import PropertyDay
from yunying.apps.tracking.privacy import tasks as privacy
from yunying.base.actor import SYSTEM
from yunying.base.errors import LimitReached
from yunying.platform.audit.services import record
from yunying.platform.jobs import enqueue, job, schedule
from yunying.platform.jobs.facts import subscriber
from yunying.platform.notify.services import notify
from yunying.platform.products.facts import ProductDeleted
from yunying.platform.products.models import Product
from yunying.store import shared

__all__ = [
    "complete_people",
    "copy_people",
    "count_properties",
    "count_properties_of_yesterday",
    "erase_late",
    "erase_product",
    "importing",
    "live",
    "privacy",
    "promote_property",
]

log = logging.getLogger("yunying.tracking")

# A batch that was on its way when the product went has long arrived by then.
_LATE_S = 600


@subscriber(ProductDeleted)
def begin_erasing(fact: ProductDeleted) -> None:
    """Start the erasing as a job people can follow."""
    enqueue(
        erase_product,
        key=str(fact.product_id),
        product_id=fact.product_id,
        organisation_id=fact.organisation_id,
        name=fact.name,
        told=fact.deleted_by,
    )


@job(queue="heavy", label=_("Erase the data of a deleted product"))
def erase_product(product_id: int, organisation_id: int, name: str, told: int | None) -> None:
    """Erase, note it in the audit log, and tell whoever deleted the product."""
    erase(product_id)
    with transaction.atomic():
        # Begun anew after a crash right here it is noted twice, but told once.
        target = ("product", product_id, name)
        record(SYSTEM, "product.erased", target, organisation_id=organisation_id, after={"number": product_id})
        notify(
            user_ids=[told] if told else [],
            title=format_lazy(_("{name} is erased"), name=name),
            text=_("Nothing of its events, people, accounts and names is left. Earlier backups still hold it."),
            key=f"product.erased:{product_id}",
        )
        enqueue(erase_late, key=str(product_id), delay_s=_LATE_S, product_id=product_id)


@job(queue="heavy", label=_("Look again for data of a deleted product"))
def erase_late(product_id: int) -> None:
    """Erase what was written by a batch that had begun before the product was deleted."""
    erase(product_id)


@job(queue="heavy", label=_("Make questions about a property faster"))
def promote_property(name: str, kind: str) -> None:
    """Give a property a column of the events table; old events are written into it by the engine, behind."""
    try:
        shared().promote(name, kind)
    except LimitReached:
        # All columns there should ever be are given: questions go on reading the text, and trying again is no use.
        log.warning("no column is left for another property")


@job(queue="heavy", label=_("Count the properties of past days"))
def count_properties(product_id: int) -> None:
    """Count what the catalogue shows of the last 30 days where a page would wait too long for it."""
    product = Product.objects.filter(pk=product_id).first()
    if product is not None:
        count_missing_days(product)


@schedule("40 * * * *", label=_("Count the properties of past days"))
def count_properties_of_yesterday() -> None:
    """Every hour: where somebody looks at properties, a day that is over is counted before the next look."""
    watched = PropertyDay.objects.order_by().values("product").distinct()
    for product in Product.objects.filter(pk__in=watched):
        count_missing_days(product)


@job(label=_("Copy people who were merged or split"))
def copy_people(numbers: list[int]) -> None:
    """Bring the copies in the event store up to date, where the page that changed them did not come to it."""
    from yunying.apps.tracking.ingest import shared_ingest

    shared_ingest().copy(numbers)


@schedule("7 * * * *", label=_("Complete the copies of people"))
def complete_people() -> None:
    """Every hour: people whom an earlier version copied without their ids are copied anew, so that they are found."""
    if found := complete_copies():
        log.info("%s people were copied anew, with their ids", found)

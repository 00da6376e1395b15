"""Products: create, describe, archive, restore, delete."""

import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import pgettext

from yunying.base import clock, ids
from yunying.base.actor import ActorKind
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs.facts import publish
from yunying.platform.products.access import OrganisationAccess, Permission, ProductAccess
from yunying.platform.products.facts import ProductArchived, ProductCreated, ProductDeleted
from yunying.platform.products.models import Product, WriteKey
from yunying.platform.products.profile import PROFILE_FIELDS, checked

__all__ = ["archive_product", "create_product", "delete_product", "restore_product", "update_product"]


def _target(product: Product) -> tuple[str, int, str]:
    return ("product", product.pk, product.name)


def _insert(slug: str, **fields: Any) -> Product | None:
    try:
        with transaction.atomic():
            return Product.objects.create(slug=slug, **fields)
    except IntegrityError:
        return None


def _slugs(name: str, wanted: str) -> list[str]:
    if wanted:
        return [wanted]
    base = slugify(name)[:40] or "product"
    # A name of Chinese characters alone leaves nothing to build a short name from: a few random letters do.
    return [base, *(f"{base}-{secrets.token_hex(3)}" for _ in range(3))]


def _slug(wanted: str) -> str:
    if wanted and (slugify(wanted) != wanted or len(wanted) > 50):
        raise InvalidInput(
            "product.slug", msg("Use up to 50 small letters, digits and hyphens in the short name."), field="slug"
        )
    return wanted


@transaction.atomic
def create_product(*, access: OrganisationAccess, name: str, slug: str = "", **profile: Any) -> Product:
    """A new product with one write key, ready to receive events.

    `slug` stands in addresses and never changes; left out it is made from the name. `profile`: PROFILE_FIELDS.
    Raises NotAllowed without MANAGE_PRODUCT, InvalidInput naming the field, Conflict when the slug is taken.
    """
    access.require(Permission.MANAGE_PRODUCT)
    fields = checked({"name": name, **profile})
    for candidate in _slugs(fields["name"], _slug(slug)):
        # Two people may choose the same short name at once: the unique index decides, the loser tries the next.
        product = _insert(candidate, organisation=access.organisation, **fields)
        if product is not None:
            break
    else:
        raise Conflict("product.slug_taken", msg("This short name is taken. Choose another one."), field="slug")
    WriteKey.objects.create(product=product, name=pgettext("write key", "Default"), token=ids.new_secret("yk"))
    record(
        access.actor,
        verb="product.created",
        target=_target(product),
        product_id=product.pk,
        before={},
        after={"slug": product.slug, **fields},
    )
    publish(ProductCreated(product_id=product.pk))
    return product


@transaction.atomic
def update_product(*, access: ProductAccess, **changes: Any) -> Product:
    """Change fields of the profile (PROFILE_FIELDS); what stays the same is not written.

    Raises NotAllowed without MANAGE_PRODUCT, InvalidInput naming the field that cannot be used.
    """
    access.require(Permission.MANAGE_PRODUCT)
    product = access.product
    wanted = checked({name: changes[name] for name in PROFILE_FIELDS if name in changes})
    before = {name: getattr(product, name) for name, value in wanted.items() if getattr(product, name) != value}
    if not before:
        return product
    for name in before:
        setattr(product, name, wanted[name])
    product.save(update_fields=list(before))
    record(
        access.actor,
        verb="product.updated",
        target=_target(product),
        product_id=product.pk,
        before=before,
        after={name: wanted[name] for name in before},
    )
    return product


def _confirm(product: Product, typed: str) -> None:
    if typed.strip() != product.name:
        raise InvalidInput(
            "product.confirm",
            msg("Type the product's name, %(name)s, exactly as it stands here to confirm."),
            field="typed",
            name=product.name,
        )


@transaction.atomic
def archive_product(*, access: ProductAccess, typed: str) -> None:
    """Hide the product and stop its collection: its write keys are revoked. Nothing is erased.

    Raises NotAllowed without MANAGE_PRODUCT, InvalidInput unless `typed` is the product's name.
    """
    access.require(Permission.MANAGE_PRODUCT)
    product = access.product
    _confirm(product, typed)
    now = clock.now()
    # Only one of two people who archive at once gets a row back, so it is audited once.
    if not Product.objects.filter(pk=product.pk, archived_at=None).update(archived_at=now):
        return
    product.archived_at = now
    WriteKey.objects.filter(product=product, revoked_at=None).update(revoked_at=now)
    record(
        access.actor,
        verb="product.archived",
        target=_target(product),
        product_id=product.pk,
        before={"archived": False},
        after={"archived": True},
    )
    publish(ProductArchived(product_id=product.pk))


@transaction.atomic
def restore_product(*, access: ProductAccess) -> None:
    """Bring an archived product back, with a new write key. `access` is that of `archived_product_for`."""
    access.require(Permission.MANAGE_PRODUCT)
    product = access.product
    # The condition lets one of two simultaneous restores create the key.
    if not Product.objects.filter(pk=product.pk, archived_at__isnull=False).update(archived_at=None):
        return
    product.archived_at = None
    WriteKey.objects.create(product=product, name=pgettext("write key", "Default"), token=ids.new_secret("yk"))
    record(
        access.actor,
        verb="product.restored",
        target=_target(product),
        product_id=product.pk,
        before={"archived": True},
        after={"archived": False},
    )


@transaction.atomic
def delete_product(*, access: ProductAccess, typed: str) -> None:
    """Erase an archived product and everything that belongs to it, for good.

    Events and people may be millions; subscribers of `ProductDeleted` erase them in the background. Raises NotAllowed
    without MANAGE_PRODUCT, Conflict when it is not archived, InvalidInput unless `typed` is the product's name.
    """
    access.require(Permission.MANAGE_PRODUCT)
    product = access.product
    _confirm(product, typed)
    if not Product.objects.filter(pk=product.pk, archived_at__isnull=False).exists():
        raise Conflict("product.not_archived", msg("Archive the product first; only then can it be deleted."))
    target = _target(product)
    number, organisation_id = product.pk, product.organisation_id
    deleted_by = access.actor.id if access.actor.kind is ActorKind.USER else None
    publish(ProductDeleted(number, organisation_id, product.name, deleted_by))
    product.delete()
    record(
        access.actor,
        verb="product.deleted",
        target=target,
        organisation_id=organisation_id,
        before={"name": target[2], "slug": product.slug, "number": number},
        after={},
    )

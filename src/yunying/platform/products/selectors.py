"""Reads on products and organisations. Callers hold an access object, so the right to see was looked up."""

from dataclasses import dataclass
from datetime import datetime

from yunying.platform.accounts.models import User
from yunying.platform.products.access import OrganisationAccess, ProductAccess
from yunying.platform.products.models import ApiKey, Invitation, Member, Product, ProductRole, Role, WriteKey

__all__ = [
    "ProductMember",
    "api_keys",
    "archived_products",
    "first_write_key",
    "has_place",
    "member_ids",
    "members",
    "open_invitations",
    "product_members",
    "products_in",
    "write_keys",
]


@dataclass(frozen=True, slots=True)
class ProductMember:
    """`own` is true when `role` holds in this product only."""

    user: User
    role: Role
    own: bool
    since: datetime


def members(access: OrganisationAccess) -> list[Member]:
    """By name; one query."""
    rows = access.organisation.members.select_related("user")
    return sorted(rows, key=lambda member: (member.user.shown_name.lower(), member.pk))


def product_members(access: ProductAccess) -> list[ProductMember]:
    """Everybody who can see the product, by name; two queries."""
    product = access.product
    own = dict(ProductRole.objects.filter(product=product).values_list("user_id", "role"))
    rows = Member.objects.filter(organisation_id=product.organisation_id).select_related("user")
    people = [
        ProductMember(
            user=row.user,
            role=Role(row.role if row.role == Role.OWNER else own.get(row.user_id, row.role)),
            own=row.role != Role.OWNER and row.user_id in own,
            since=row.created_at,
        )
        for row in rows
    ]
    return sorted(people, key=lambda person: (person.user.shown_name.lower(), person.user.pk))


def member_ids(product: Product) -> list[int]:
    """Users who can see the product, for notifications."""
    rows = Member.objects.filter(organisation_id=product.organisation_id)
    return list(rows.order_by("user_id").values_list("user_id", flat=True))


def open_invitations(access: OrganisationAccess) -> list[Invitation]:
    """Not accepted yet, newest first; the expired ones too, so that they can be sent again."""
    rows = access.organisation.invitations.filter(accepted_at=None).select_related("invited_by")
    return list(rows.order_by("-created_at", "-pk"))


def products_in(access: OrganisationAccess) -> list[Product]:
    return list(access.organisation.products.filter(archived_at=None).order_by("name", "pk"))


def archived_products(access: OrganisationAccess) -> list[Product]:
    return list(access.organisation.products.filter(archived_at__isnull=False).order_by("name", "pk"))


def write_keys(access: ProductAccess) -> list[WriteKey]:
    """Those in use first, then the revoked ones."""
    return list(access.product.write_keys.order_by("revoked_at", "-pk"))


def first_write_key(product: Product) -> WriteKey | None:
    """The oldest write key in use: what the set-up page shows."""
    return product.write_keys.filter(revoked_at=None).order_by("pk").first()


def api_keys(access: ProductAccess) -> list[ApiKey]:
    """Those in use first, then the revoked ones."""
    return list(access.product.api_keys.select_related("created_by").order_by("revoked_at", "-pk"))


def has_place(user: User) -> bool:
    """Whether the user belongs to any organisation."""
    return user.is_superuser or Member.objects.filter(user=user).exists()

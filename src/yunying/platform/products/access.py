"""The one door to products and what belongs to them.

Absent and forbidden look the same to outsiders (NotFound); an insider who lacks a right gets NotAllowed.
"""

from dataclasses import dataclass
from enum import StrEnum

from yunying.base.actor import Actor
from yunying.base.errors import NotAllowed, NotFound, msg
from yunying.platform.accounts.models import User
from yunying.platform.products.models import Member, Product, ProductRole, Role

__all__ = ["Permission", "ProductAccess", "product_for", "products_of", "role_in"]


class Permission(StrEnum):
    VIEW = "view"
    SEE_PEOPLE = "see_people"
    EDIT_REPORTS = "edit_reports"
    EDIT_GOALS = "edit_goals"
    MANAGE_DATA = "manage_data"
    MANAGE_PRODUCT = "manage_product"
    MANAGE_MEMBERS = "manage_members"


_EDIT = {Permission.VIEW, Permission.SEE_PEOPLE, Permission.EDIT_REPORTS, Permission.EDIT_GOALS}
RIGHTS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.OPERATOR: frozenset(_EDIT | {Permission.MANAGE_DATA}),
    Role.PM: frozenset(_EDIT | {Permission.MANAGE_DATA}),
    Role.DEVELOPER: frozenset(_EDIT | {Permission.MANAGE_DATA}),
    Role.MARKETER: frozenset(_EDIT),
    Role.SUPPORT: frozenset({Permission.VIEW, Permission.SEE_PEOPLE}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


@dataclass(frozen=True, slots=True)
class ProductAccess:
    """A product together with what this actor may do in it. Made only by this module."""

    product: Product
    actor: Actor
    permissions: frozenset[Permission]

    def may(self, need: Permission) -> bool:
        return need in self.permissions

    def require(self, need: Permission) -> None:
        """Raises NotAllowed when the actor lacks `need`."""
        if need not in self.permissions:
            raise NotAllowed("access.denied", msg("You need the right “%(need)s” to do this."), need=need.value)


def role_in(user: User, product: Product) -> Role | None:
    """The user's role in the product: its own, else the organisation's, else None."""
    if user.is_superuser:
        return Role.OWNER
    own = ProductRole.objects.filter(product=product, user=user).values_list("role", flat=True).first()
    place = Member.objects.filter(organisation_id=product.organisation_id, user=user).values_list("role", flat=True).first()
    if place is None:
        return None
    # An owner of the organisation stays owner everywhere, or nobody could mend a product's roles.
    return Role(place) if place == Role.OWNER or own is None else Role(own)


def product_for(user: User, actor: Actor, slug: str, need: Permission = Permission.VIEW) -> ProductAccess:
    """The product `slug` if the user may see it. Raises NotFound to outsiders, NotAllowed to insiders without `need`."""
    product = Product.objects.select_related("organisation").filter(slug=slug).first()
    role = role_in(user, product) if product else None
    if product is None or role is None:
        raise NotFound("product.absent", msg("There is no such product, or you have no access to it."))
    access = ProductAccess(product, actor, RIGHTS[role])
    access.require(need)
    return access


def products_of(user: User) -> list[Product]:
    """All products the user may see, by name."""
    rows = Product.objects.all() if user.is_superuser else Product.objects.filter(organisation__members__user=user)
    return list(rows.order_by("name", "id"))

"""The one door to organisations, products and what belongs to them.

Absent and forbidden look the same to outsiders (NotFound); an insider who lacks a right gets NotAllowed.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from yunying.base.actor import Actor, ActorKind
from yunying.base.errors import NotAllowed, NotFound, msg
from yunying.platform.accounts.models import User
from yunying.platform.products.models import ApiKey, Member, Organisation, Product, ProductRole, Role

__all__ = [
    "RIGHT_NAMES",
    "OrganisationAccess",
    "Permission",
    "ProductAccess",
    "archived_product_for",
    "key_access",
    "looking_at",
    "organisation_for",
    "organisations_of",
    "product_for",
    "products_of",
    "role_in",
]


class Permission(StrEnum):
    VIEW = "view"
    SEE_PEOPLE = "see_people"
    EDIT_REPORTS = "edit_reports"
    EDIT_GOALS = "edit_goals"
    MANAGE_DATA = "manage_data"
    MANAGE_PRODUCT = "manage_product"
    MANAGE_MEMBERS = "manage_members"


# As people read them, where rights are chosen and where one is missing.
RIGHT_NAMES = {
    Permission.VIEW: _("See reports, goals and the catalogue"),
    Permission.SEE_PEOPLE: _("See people and their events"),
    Permission.EDIT_REPORTS: _("Change reports and metrics"),
    Permission.EDIT_GOALS: _("Change goals"),
    Permission.MANAGE_DATA: _("Manage events and properties"),
    Permission.MANAGE_PRODUCT: _("Manage the product and its keys"),
    Permission.MANAGE_MEMBERS: _("Manage members"),
}
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


def _require(permissions: frozenset[Permission], need: Permission) -> None:
    if need not in permissions:
        raise NotAllowed("access.denied", msg("You need the right “%(need)s” to do this."), need=RIGHT_NAMES[need])


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
        _require(self.permissions, need)


@dataclass(frozen=True, slots=True)
class OrganisationAccess:
    """An organisation together with what this actor may do in it. Made only by this module."""

    organisation: Organisation
    actor: Actor
    role: Role

    @property
    def permissions(self) -> frozenset[Permission]:
        return RIGHTS[self.role]

    def may(self, need: Permission) -> bool:
        return need in self.permissions

    def require(self, need: Permission) -> None:
        """Raises NotAllowed when the actor lacks `need`."""
        _require(self.permissions, need)


def _place(user: User, organisation_id: int) -> Role | None:
    if user.is_superuser:
        return Role.OWNER
    role = Member.objects.filter(organisation_id=organisation_id, user=user).values_list("role", flat=True).first()
    return None if role is None else Role(role)


def role_in(user: User, product: Product) -> Role | None:
    """The user's role in the product: its own, else the organisation's, else None."""
    place = _place(user, product.organisation_id)
    # An owner of the organisation stays owner everywhere, or nobody could mend a product's roles.
    if place is None or place == Role.OWNER:
        return place
    own = ProductRole.objects.filter(product=product, user=user).values_list("role", flat=True).first()
    return place if own is None else Role(own)


def _no_product() -> NotFound:
    return NotFound("product.absent", msg("There is no such product, or you have no access to it."))


def _product(user: User, actor: Actor, need: Permission, product: Product | None) -> ProductAccess:
    role = role_in(user, product) if product else None
    if product is None or role is None:
        raise _no_product()
    access = ProductAccess(product, actor, RIGHTS[role])
    access.require(need)
    return access


def product_for(user: User, actor: Actor, slug: str, need: Permission = Permission.VIEW) -> ProductAccess:
    """The product `slug` if the user may see it and it is not archived.

    Raises NotFound to outsiders, NotAllowed to insiders without `need`.
    """
    found = Product.objects.select_related("organisation").filter(slug=slug, archived_at=None).first()
    return _product(user, actor, need, found)


def archived_product_for(user: User, actor: Actor, slug: str) -> ProductAccess:
    """The archived product `slug`, to restore or delete it; raises as `product_for` with MANAGE_PRODUCT does."""
    found = Product.objects.select_related("organisation").filter(slug=slug, archived_at__isnull=False).first()
    return _product(user, actor, Permission.MANAGE_PRODUCT, found)


def key_access(
    key: ApiKey, slug: str, need: Permission = Permission.VIEW, *, ip: str = "", agent: str = ""
) -> ProductAccess:
    """What the API key may do in the product `slug`. A key knows one product; any other is NotFound to it."""
    product = key.product
    if product.slug != slug or product.archived_at is not None:
        raise _no_product()
    actor = Actor(ActorKind.API_KEY, key.pk, key.name, ip, agent)
    access = ProductAccess(product, actor, frozenset(p for p in Permission if p.value in key.scopes))
    access.require(need)
    return access


def looking_at(product: Product, actor: Actor) -> ProductAccess:
    """What the program needs to draw a product's numbers in a link or a mail that a member made: VIEW and no more.

    Raises NotFound when the product is archived.
    """
    if product.archived_at is not None:
        raise _no_product()
    return ProductAccess(product, actor, frozenset({Permission.VIEW}))


def organisation_for(user: User, actor: Actor, pk: int, need: Permission = Permission.VIEW) -> OrganisationAccess:
    """The organisation if the user belongs to it.

    Raises NotFound to outsiders, NotAllowed to members without `need`.
    """
    organisation = Organisation.objects.filter(pk=pk).first()
    role = _place(user, organisation.pk) if organisation else None
    if organisation is None or role is None:
        raise NotFound("organisation.absent", msg("There is no such organisation, or you do not belong to it."))
    access = OrganisationAccess(organisation, actor, role)
    access.require(need)
    return access


def _products(user: User) -> QuerySet[Product]:
    return Product.objects.all() if user.is_superuser else Product.objects.filter(organisation__members__user=user)


def products_of(user: User) -> list[Product]:
    """All products the user may see, by name, without the archived ones."""
    return list(_products(user).filter(archived_at=None).order_by("name", "id"))


def organisations_of(user: User) -> list[Organisation]:
    """All organisations the user belongs to, by name; a superuser belongs to every one."""
    rows = Organisation.objects.all() if user.is_superuser else Organisation.objects.filter(members__user=user)
    return list(rows.order_by("name", "id"))

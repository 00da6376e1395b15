"""Organisations: who runs products together."""

from django.conf import settings
from django.db import transaction

from yunying.base.actor import Actor
from yunying.base.errors import InvalidInput, NotAllowed, msg
from yunying.platform.accounts.models import User
from yunying.platform.audit.services import record
from yunying.platform.products.access import OrganisationAccess, Permission
from yunying.platform.products.models import Member, Organisation, Role

__all__ = ["create_organisation", "may_create_organisation", "rename_organisation"]


def may_create_organisation(user: User) -> bool:
    """Where sign-up is open everybody may; elsewhere the first user, superusers and owners of an organisation."""
    return (
        settings.CONFIG.sign_up == "open"
        or user.is_superuser
        or Member.objects.filter(user=user, role=Role.OWNER).exists()
        or not Organisation.objects.exists()
    )


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 100:
        raise InvalidInput("organisation.name", msg("Give a name of 1 to 100 characters."), field="name")
    return name


@transaction.atomic
def create_organisation(*, actor: Actor, user: User, name: str) -> OrganisationAccess:
    """A new organisation owned by `user`.

    Raises NotAllowed when this installation only takes invited people, InvalidInput for an empty name.
    """
    if not may_create_organisation(user):
        raise NotAllowed(
            "organisation.invited_only",
            msg("Only owners of an organisation can create another one here. Ask an owner to invite you to theirs."),
        )
    organisation = Organisation.objects.create(name=_name(name))
    Member.objects.create(organisation=organisation, user=user, role=Role.OWNER)
    record(
        actor,
        verb="organisation.created",
        target=("organisation", organisation.pk, organisation.name),
        organisation_id=organisation.pk,
        before={},
        after={"name": organisation.name, "owner": user.email},
    )
    return OrganisationAccess(organisation, actor, Role.OWNER)


@transaction.atomic
def rename_organisation(*, access: OrganisationAccess, name: str) -> Organisation:
    """Raises NotAllowed without MANAGE_MEMBERS, InvalidInput for an empty name."""
    access.require(Permission.MANAGE_MEMBERS)
    organisation = access.organisation
    before, organisation.name = organisation.name, _name(name)
    organisation.save(update_fields=["name"])
    record(
        access.actor,
        verb="organisation.renamed",
        target=("organisation", organisation.pk, organisation.name),
        organisation_id=organisation.pk,
        before={"name": before},
        after={"name": organisation.name},
    )
    return organisation

"""Who belongs to an organisation, by which role, and how they come in."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext

from yunying.base import clock, ids
from yunying.base.actor import Actor
from yunying.base.errors import Conflict, InvalidInput, NotAllowed, NotFound, msg
from yunying.platform.accounts.models import User
from yunying.platform.audit.services import record
from yunying.platform.products.access import OrganisationAccess, Permission, ProductAccess
from yunying.platform.products.models import Invitation, Member, Organisation, ProductRole, Role

__all__ = [
    "Invited",
    "accept_invitation",
    "change_role",
    "invite",
    "open_invitation",
    "remove_member",
    "revoke_invitation",
    "set_product_role",
]

INVITATION_DAYS = 14
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invited:
    """`link` opens the door once; only its digest is kept. `mailed`: the mail went out."""

    invitation: Invitation
    link: str
    mailed: bool


def _role(value: str) -> Role:
    if value not in Role.values:
        raise InvalidInput("member.role", msg("Choose one of the listed roles."), field="role")
    return Role(value)


def _email(text: str) -> str:
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput(
            "member.email", msg("Enter a full mail address such as name@example.com."), field="email"
        ) from None
    return email


def _owners_rule(access: OrganisationAccess, role: Role) -> None:
    if role == Role.OWNER and access.role != Role.OWNER:
        raise NotAllowed("member.owner_only", msg("Only an owner can make somebody an owner."))


def invite(*, access: OrganisationAccess, email: str, role: str) -> Invited:
    """Open a door for one mail address and mail the link; an earlier open invitation of the address ends.

    Raises NotAllowed without MANAGE_MEMBERS, InvalidInput for the address or role, Conflict for a member.
    """
    invitation, token = _create_invitation(access, _email(email), _role(role))
    link = settings.CONFIG.base_url + reverse("console:invitation", args=[token])
    return Invited(invitation, link, _mail(invitation, link, access.actor.name))


@transaction.atomic
def _create_invitation(access: OrganisationAccess, email: str, role: Role) -> tuple[Invitation, str]:
    access.require(Permission.MANAGE_MEMBERS)
    _owners_rule(access, role)
    organisation = access.organisation
    if organisation.members.filter(user__email=email).exists():
        raise Conflict("member.exists", msg("%(email)s already belongs to this organisation."), email=email)
    organisation.invitations.filter(email=email, accepted_at=None).delete()
    token = ids.new_secret("yi", 32)
    invitation = Invitation.objects.create(
        organisation=organisation,
        email=email,
        role=role,
        digest=ids.digest(token),
        invited_by_id=access.actor.id,
        expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
    )
    _audit(access.actor, organisation, "invitation.created", ("invitation", invitation.pk, email), after={"role": role})
    return invitation, token


def _mail(invitation: Invitation, link: str, inviter: str) -> bool:
    names = {"inviter": inviter, "organisation": invitation.organisation.name, "link": link, "days": INVITATION_DAYS}
    subject = gettext("%(inviter)s invites you to %(organisation)s on Yunying") % names
    text = (
        gettext(
            "%(inviter)s invites you to work on the products of %(organisation)s.\n\n"
            "Open this link to accept. It works for %(days)d days and for your address only:\n%(link)s\n\n"
            "If you do not know %(inviter)s, delete this mail; nothing happens then."
        )
        % names
    )
    try:
        send_mail(subject, text, None, [invitation.email])
    except (SMTPException, OSError):
        log.exception("mail of invitation %d was not sent", invitation.pk)
        return False
    return True


def open_invitation(token: str) -> Invitation:
    """The invitation behind a link. Raises NotFound when it was used, withdrawn, is too old or never was."""
    found = Invitation.objects.select_related("organisation").filter(digest=ids.digest(token)).first()
    if found is None or not found.is_open():
        raise NotFound(
            "invitation.closed", msg("This invitation was used, withdrawn or is too old. Ask for a new one.")
        )
    return found


@transaction.atomic
def accept_invitation(*, actor: Actor, user: User, token: str) -> Member:
    """Make `user` a member by the link they received.

    Raises NotFound for a closed invitation, NotAllowed when it was sent to another address.
    """
    invitation = open_invitation(token)
    if invitation.email != user.email.lower():
        raise NotAllowed(
            "invitation.other_address",
            msg("This invitation was sent to %(email)s. Sign in with that address to accept it."),
            email=invitation.email,
        )
    # Only one of two clicks gets the row back; the other meets a closed invitation.
    if not Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=clock.now()):
        raise NotFound("invitation.closed", msg("This invitation was used already."))
    member, _created = Member.objects.get_or_create(
        organisation=invitation.organisation, user=user, defaults={"role": invitation.role}
    )
    _audit(
        actor,
        invitation.organisation,
        "member.joined",
        ("member", member.pk, user.shown_name),
        after={"email": user.email, "role": member.role},
    )
    return member


@transaction.atomic
def revoke_invitation(*, access: OrganisationAccess, invitation_id: int) -> None:
    """The link stops working. Raises NotAllowed without MANAGE_MEMBERS, NotFound for one of another organisation."""
    access.require(Permission.MANAGE_MEMBERS)
    invitation = access.organisation.invitations.filter(pk=invitation_id, accepted_at=None).first()
    if invitation is None:
        raise NotFound("invitation.absent", msg("There is no such open invitation."))
    target = ("invitation", invitation.pk, invitation.email)
    invitation.delete()
    _audit(access.actor, access.organisation, "invitation.revoked", target, before={"role": invitation.role})


def _member(access: OrganisationAccess, member_id: int) -> Member:
    # The lock on the organisation closes the race of two owners who remove each other at once
    # (SQLite locks by the transaction itself).
    Organisation.objects.select_for_update().get(pk=access.organisation.pk)
    member = access.organisation.members.select_related("user").filter(pk=member_id).first()
    if member is None:
        raise NotFound("member.absent", msg("There is no such member."))
    return member


def _keep_an_owner(member: Member) -> None:
    others = Member.objects.filter(organisation_id=member.organisation_id, role=Role.OWNER).exclude(pk=member.pk)
    if member.role == Role.OWNER and not others.exists():
        raise Conflict("member.last_owner", msg("An organisation needs an owner. Make somebody else an owner first."))


@transaction.atomic
def change_role(*, access: OrganisationAccess, member_id: int, role: str) -> Member:
    """Raises NotAllowed without MANAGE_MEMBERS, NotFound for a stranger, Conflict for the last owner."""
    access.require(Permission.MANAGE_MEMBERS)
    wanted = _role(role)
    _owners_rule(access, wanted)
    member = _member(access, member_id)
    if member.role == wanted:
        return member
    _keep_an_owner(member)
    before, member.role = member.role, wanted
    member.save(update_fields=["role"])
    _audit(
        access.actor,
        access.organisation,
        "member.role_changed",
        ("member", member.pk, member.user.shown_name),
        before={"role": before},
        after={"role": wanted},
    )
    return member


@transaction.atomic
def remove_member(*, access: OrganisationAccess, member_id: int) -> None:
    """Take a member out, with the roles they have in single products. Everybody may remove themselves.

    Raises NotAllowed without MANAGE_MEMBERS, NotFound for a stranger, Conflict for the last owner.
    """
    member = _member(access, member_id)
    if access.actor.id != member.user_id:
        access.require(Permission.MANAGE_MEMBERS)
    _keep_an_owner(member)
    target = ("member", member.pk, member.user.shown_name)
    ProductRole.objects.filter(product__organisation=access.organisation, user=member.user).delete()
    member.delete()
    _audit(
        access.actor,
        access.organisation,
        "member.removed",
        target,
        before={"email": member.user.email, "role": member.role},
    )


@transaction.atomic
def set_product_role(*, access: ProductAccess, user_id: int, role: str) -> None:
    """Give a member of the organisation a role of their own in this product; `""` takes it back.

    Raises NotAllowed without MANAGE_MEMBERS, NotFound for somebody outside the organisation.
    """
    access.require(Permission.MANAGE_MEMBERS)
    product = access.product
    member = product.organisation.members.select_related("user").filter(user_id=user_id).first()
    if member is None:
        raise NotFound("member.absent", msg("There is no such member."))
    own = ProductRole.objects.filter(product=product, user_id=user_id)
    before = own.values_list("role", flat=True).first() or ""
    if before == role:
        return
    if role:
        ProductRole.objects.update_or_create(product=product, user_id=user_id, defaults={"role": _role(role)})
    else:
        own.delete()
    record(
        access.actor,
        verb="product_role.changed",
        target=("member", member.pk, member.user.shown_name),
        product_id=product.pk,
        before={"role": before},
        after={"role": role},
    )


def _audit(
    actor: Actor,
    organisation: Organisation,
    verb: str,
    target: tuple[str, int, str],
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    there = {"organisation": organisation.name}
    record(
        actor,
        verb=verb,
        target=target,
        organisation_id=organisation.pk,
        before={**there, **before} if before else {},
        after={**there, **after} if after else {},
    )

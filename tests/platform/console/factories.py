"""Objects behind the addresses of the platform's own pages and API."""

from tests.isolation import factory
from yunying.base.actor import Actor, ActorKind
from yunying.platform.accounts.models import User
from yunying.platform.products import services
from yunying.platform.products.access import OrganisationAccess, organisation_for
from yunying.platform.products.models import Member


def place(access) -> OrganisationAccess:
    owner = User.objects.get(pk=access.actor.id)
    return organisation_for(owner, Actor(ActorKind.USER, owner.pk, "owner"), access.product.organisation_id)


@factory("console:revoke_write_key", "/api/v1/products/{product}/write-keys/{key}")
def write_key(access):
    return {"key": services.create_write_key(access=access, name="site").pk}


@factory("console:revoke_api_key", "/api/v1/products/{product}/api-keys/{key}")
def api_key(access):
    return {"key": services.create_api_key(access=access, name="job", scopes=["view"]).key.pk}


@factory("/api/v1/products/{product}/members/{user}/role")
def colleague(access):
    return {"user": Member.objects.get(organisation=access.product.organisation, role="viewer").user_id}


@factory("console:organisation", "console:invite")
def organisation(access):
    return {"organisation": access.product.organisation_id}


@factory("console:member")
def member(access):
    row = Member.objects.get(organisation=access.product.organisation, role="viewer")
    return {"organisation": row.organisation_id, "member": row.pk}


@factory("console:withdraw_invitation")
def invitation(access):
    invited = services.invite(access=place(access), email="eve@example.com", role="viewer")
    return {"organisation": access.product.organisation_id, "invitation": invited.invitation.pk}

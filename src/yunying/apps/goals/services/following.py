"""Following goals, and the secret calendar of a person."""

from django.db import transaction

from yunying.apps.goals.checks import actor_id
from yunying.apps.goals.models import CalendarFeed, Follower, Goal
from yunying.base import clock, ids
from yunying.base.errors import InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["follow", "make_feed", "revoke_feed", "unfollow"]


def follow(*, access: ProductAccess, goal: Goal) -> None:
    """The actor hears of the goal from now on. Raises InvalidInput when the actor is no person."""
    access.require(Permission.VIEW)
    Follower.objects.get_or_create(goal=goal, user_id=_person(access))


def unfollow(*, access: ProductAccess, goal: Goal) -> None:
    """The actor hears of the goal no more, unless they own it."""
    access.require(Permission.VIEW)
    Follower.objects.filter(goal=goal, user_id=_person(access)).delete()


def make_feed(*, access: ProductAccess) -> str:
    """A new secret for the actor's calendar of this product, shown only now; an older one opens nothing any more."""
    access.require(Permission.VIEW)
    user_id, secret = _person(access), ids.new_secret("yc")
    with transaction.atomic():
        CalendarFeed.objects.update_or_create(
            product=access.product,
            user_id=user_id,
            defaults={"digest": ids.digest(secret), "created_at": clock.now(), "last_used_at": None},
        )
        _note(access, "created")
    return secret


def revoke_feed(*, access: ProductAccess) -> None:
    """The actor's calendar of this product opens nothing any more."""
    with transaction.atomic():
        gone, _rows = CalendarFeed.objects.filter(product=access.product, user_id=_person(access)).delete()
        if gone:
            _note(access, "revoked")


def _person(access: ProductAccess) -> int:
    user_id = actor_id(access)
    if user_id is None:
        raise InvalidInput("goal.person", msg("Only people can do this, not programs."))
    return user_id


def _note(access: ProductAccess, act: str) -> None:
    target = ("calendar", access.actor.id or 0, access.actor.name)
    record(access.actor, f"calendar.{act}", target, product_id=access.product.pk)

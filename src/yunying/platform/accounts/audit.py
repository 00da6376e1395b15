"""Audit entries for what people do to their own accounts through allauth's pages."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.dispatch import receiver
from django.http import HttpRequest

from yunying.base.actor import Actor, ActorKind
from yunying.platform.accounts.models import User
from yunying.platform.audit.services import record

__all__ = ["actor_for"]


def actor_for(request: HttpRequest, user: User) -> Actor:
    """`user` as the one who acts by this request."""
    agent = request.headers.get("User-Agent", "")[:300]
    return Actor(ActorKind.USER, user.pk, user.shown_name, request.META.get("REMOTE_ADDR", ""), agent)


def _record(request: HttpRequest, user: User, verb: str, **after: Any) -> None:
    record(
        actor_for(request, user),
        verb=f"account.{verb}",
        target=("account", user.pk, user.shown_name),
        product_id=None,
        before={},
        after=after,
    )


@receiver(account.user_signed_up)
def _signed_up(request: HttpRequest, user: User, **rest: Any) -> None:
    _record(request, user, "created", email=user.email)


@receiver(account.password_changed)
@receiver(account.password_set)
@receiver(account.password_reset)
def _password(request: HttpRequest, user: User, **rest: Any) -> None:
    _record(request, user, "password_changed")


@receiver(account.email_changed)
def _email(request: HttpRequest, user: User, to_email_address: Any, **rest: Any) -> None:
    _record(request, user, "email_changed", email=to_email_address.email)


@receiver(mfa.authenticator_added)
def _factor_added(request: HttpRequest, user: User, authenticator: Any, **rest: Any) -> None:
    _record(request, user, "factor_added", kind=str(authenticator.type))


@receiver(mfa.authenticator_removed)
def _factor_removed(request: HttpRequest, user: User, authenticator: Any, **rest: Any) -> None:
    _record(request, user, "factor_removed", kind=str(authenticator.type))

"""Commands on accounts that do not go through a browser, and on what a person chose for themselves."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from yunying.base.actor import SYSTEM, Actor
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.accounts.models import User
from yunying.platform.audit.services import record

__all__ = ["create_superuser", "create_user", "update_preferences"]

THEMES = ("", "auto", "light", "dark")


@transaction.atomic
def create_user(
    *, email: str, password: str | None, name: str = "", actor: Actor = SYSTEM, superuser: bool = False
) -> User:
    """An account whose address counts as verified. Raises Conflict when the address has one already.

    Without a password only a reset link and single sign-on let them in.
    """
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise Conflict("account.exists", msg("There is an account with this mail address already."), field="email")
    user = User.objects.create_user(email, password, name=name, is_superuser=superuser, is_staff=superuser)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    record(
        actor,
        verb="account.created",
        target=("account", user.pk, user.shown_name),
        product_id=None,
        before={},
        after={"email": user.email, "superuser": superuser},
    )
    return user


def create_superuser(*, email: str, password: str | None, name: str = "") -> User:
    """An account that may do everything in every organisation of this installation. Raises as `create_user`."""
    return create_user(email=email, password=password, name=name, superuser=True)


@transaction.atomic
def update_preferences(*, actor: Actor, user: User, **changes: Any) -> User:
    """Change `name`, `language` or `theme` of one's own account; empty means "as the browser says".

    Raises InvalidInput naming the field.
    """
    checks = {
        "name": lambda value: len(value) <= 100,
        "language": lambda value: value in {"", *dict(settings.LANGUAGES)},
        "theme": lambda value: value in THEMES,
    }
    for name, value in changes.items():
        if not checks[name](value):
            raise InvalidInput("account.preference", msg("Choose one of the listed values."), field=name)
    before = {name: getattr(user, name) for name, value in changes.items() if getattr(user, name) != value}
    if before:
        for name in before:
            setattr(user, name, changes[name])
        user.save(update_fields=list(before))
        after = {name: changes[name] for name in before}
        record(
            actor,
            verb="account.updated",
            target=("account", user.pk, user.shown_name),
            product_id=None,
            before=before,
            after=after,
        )
    return user

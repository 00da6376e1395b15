"""Telling administrators that events wait too long for the event store."""

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.base import clock
from yunying.platform.accounts.models import User
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify

__all__ = ["BEHIND", "tell_behind"]

BEHIND = register("collector.behind", _("Events wait too long for the event store"))


def tell_behind(lag_s: float) -> int:
    """Tell those who look after the installation, at most once an hour; returns how many were told."""
    return notify(
        user_ids=User.objects.filter(is_staff=True)
        .union(User.objects.filter(is_superuser=True))
        .values_list("pk", flat=True),
        title=_("Events wait too long for the event store"),
        text=format_lazy(
            _("The oldest has waited {seconds} seconds. Nothing is lost: it is in the spool, and reports lag behind."),
            seconds=round(lag_s),
        ),
        url=reverse("collector:show"),
        kind=BEHIND,
        key=f"collector.behind:{clock.now():%Y-%m-%d %H}",
    )

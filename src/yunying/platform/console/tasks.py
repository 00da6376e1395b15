"""The nightly look at the seals of the audit log."""

import logging

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.platform.accounts.models import User
from yunying.platform.audit.services import verify
from yunying.platform.jobs import schedule
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify

__all__ = ["check_audit_log"]

log = logging.getLogger(__name__)

BROKEN = register("audit.broken", _("The audit log was changed from outside"))


@schedule("40 3 * * *", queue="heavy", label=_("Check the seals of the audit log"))
def check_audit_log() -> None:
    """Tell the superusers, once for each place, when the chain of seals does not hold."""
    place = verify()
    if place is None:
        return
    log.error("the audit log does not match its seals from place %d on", place)
    notify(
        user_ids=User.objects.filter(is_superuser=True).values_list("pk", flat=True),
        title=_("The audit log was changed from outside"),
        text=format_lazy(_("The first entry that does not match its seal has the seal number {number}."), number=place),
        url=reverse("console:audit"),
        kind=BROKEN,
        key=f"audit.broken:{place}",
    )

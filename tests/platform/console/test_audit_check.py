"""The nightly look at the seals."""

import pytest

from yunying.base.actor import SYSTEM
from yunying.platform.accounts.models import User
from yunying.platform.audit.models import Entry
from yunying.platform.audit.services import record, seal
from yunying.platform.console.tasks import check_audit_log
from yunying.platform.notify.models import Notification

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sealed_entries() -> None:
    User.objects.create_superuser("root@example.com")
    User.objects.create_user("bo@example.com")
    for number in range(3):
        record(SYSTEM, "goal.closed", ("goal", number, "G"))
    seal()


def test_untouched_log_disturbs_nobody() -> None:
    check_audit_log()
    assert not Notification.objects.exists()


def test_superusers_are_told_once_about_a_changed_entry() -> None:
    Entry.objects.filter(place=2).update(actor_name="Mallory")
    check_audit_log()
    check_audit_log()
    told = Notification.objects.get()
    assert (told.user.email, told.mail_wanted) == ("root@example.com", True)
    assert "seal number 2" in told.text

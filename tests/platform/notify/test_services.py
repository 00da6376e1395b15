"""Notifications: in the app, by mail for those who want it, and never twice."""

import smtplib
from collections.abc import Callable

import pytest
from django.core import mail
from django.utils.translation import gettext_lazy

from yunying.platform.accounts.models import User
from yunying.platform.jobs.models import Job
from yunying.platform.jobs.testing import drain
from yunying.platform.notify import kinds, selectors
from yunying.platform.notify.models import Notification
from yunying.platform.notify.services import mark_all_read, mark_read, notify, set_preferences
from yunying.platform.notify.tasks import send_mails

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register("goal.missed", "A goal was missed", mail=True)
    kinds.register("goal.reached", "A goal was reached", mail=False)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.org", language="zh-hans")


@pytest.fixture
def bo() -> User:
    return User.objects.create_user("bo@example.org")


def _tell(*people: User, **more: str) -> int:
    given = {"title": "Goal missed", "text": "Grow", "url": "/p/shop/goals/3/", "kind": "goal.missed", **more}
    return notify(user_ids=[p.pk for p in people], **given)  # type: ignore[arg-type]


def test_people_see_what_they_were_told_newest_first(ada: User, bo: User) -> None:
    assert _tell(ada, bo) == 2
    _tell(ada, title="Second")
    assert [n.title for n in selectors.notifications(ada.pk)] == ["Second", "Goal missed"]
    assert (selectors.unread_count(ada.pk), selectors.unread_count(bo.pk)) == (2, 1)


def test_mail_goes_to_those_who_want_it_with_a_whole_address(ada: User, bo: User) -> None:
    set_preferences(user_id=bo.pk, mail={"goal.missed": False, "unknown": True})
    _tell(ada, bo)
    drain()
    assert [m.to for m in mail.outbox] == [["ada@example.org"]]
    assert mail.outbox[0].subject == "Goal missed"
    assert "http://127.0.0.1:8642/p/shop/goals/3/" in mail.outbox[0].body


def test_kind_that_is_not_mailed_by_default_can_be_asked_for(ada: User, bo: User) -> None:
    set_preferences(user_id=bo.pk, mail={"goal.reached": True})
    set_preferences(user_id=bo.pk, mail={"goal.reached": True})
    _tell(ada, bo, kind="goal.reached")
    drain()
    assert [m.to for m in mail.outbox] == [["bo@example.org"]]


def test_same_key_is_told_and_mailed_once(ada: User) -> None:
    assert _tell(ada, key="goal:3:missed") == 1
    drain()
    assert _tell(ada, key="goal:3:missed") == 0
    drain()
    assert (Notification.objects.count(), len(mail.outbox)) == (1, 1)


def test_running_the_mail_job_twice_sends_nothing_twice(ada: User) -> None:
    _tell(ada)
    send_mails()
    send_mails()
    assert len(mail.outbox) == 1


def test_lazy_texts_are_rendered_in_the_language_of_each_person(ada: User, bo: User) -> None:
    notify(user_ids=[ada.pk, bo.pk], title=gettext_lazy("Password"), kind="goal.reached")
    titles = dict(Notification.objects.values_list("user__email", "title"))
    assert titles["bo@example.org"] == "Password"
    assert titles["ada@example.org"] == "密码"


def test_inactive_people_are_left_out(ada: User) -> None:
    ada.is_active = False
    ada.save(update_fields=["is_active"])
    assert _tell(ada) == 0


def test_reading_is_only_possible_for_the_owner(ada: User, bo: User) -> None:
    _tell(ada)
    found = Notification.objects.get()
    assert not mark_read(user_id=bo.pk, notification_id=found.pk)
    assert selectors.unread_count(ada.pk) == 1
    assert mark_read(user_id=ada.pk, notification_id=found.pk)
    assert mark_read(user_id=ada.pk, notification_id=found.pk)
    assert selectors.unread_count(ada.pk) == 0


def test_everything_can_be_marked_read(ada: User, bo: User) -> None:
    _tell(ada, bo)
    _tell(ada)
    assert mark_all_read(user_id=ada.pk) == 2
    assert (selectors.unread_count(ada.pk), selectors.unread_count(bo.pk)) == (0, 1)


def test_telling_many_people_costs_a_few_queries(django_assert_max_num_queries: Callable[[int], object]) -> None:
    people = [User.objects.create_user(f"u{n}@example.org") for n in range(50)]
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        _tell(*people, key="k")
    assert Job.objects.count() == 1


def _refusing(code: int) -> Callable[..., int]:
    def send(message: mail.EmailMessage, *_: object) -> int:
        if message.to == ["ada@example.org"]:
            raise smtplib.SMTPRecipientsRefused({"ada@example.org": (code, b"no")})
        return 1

    return send


def test_refused_address_does_not_hold_back_the_others(ada: User, bo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail.EmailMessage, "send", _refusing(550))
    _tell(ada, bo)
    drain()
    left = dict(Notification.objects.values_list("user__email", "mail_wanted"))
    assert left == {"ada@example.org": False, "bo@example.org": True}
    assert Notification.objects.get(user=bo).mailed_at


def test_address_refused_for_now_is_tried_again_later(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mail.EmailMessage, "send", _refusing(450))
        _tell(ada)
        drain()
    Notification.objects.update(mail_claimed_at="2020-01-01T00:00Z")
    send_mails()
    assert Notification.objects.get().mailed_at


def test_mail_server_that_is_away_is_tried_again(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(mail.EmailMessage, "send", away)
        _tell(ada)
        with pytest.raises(ConnectionRefusedError):
            drain()
    assert drain(until_s=60) == 1
    assert len(mail.outbox) == 1

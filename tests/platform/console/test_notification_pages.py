"""A person's notifications and the bell."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.platform.accounts.models import User
from yunying.platform.notify.models import Notification
from yunying.platform.notify.selectors import unread_count
from yunying.platform.notify.services import notify

pytestmark = pytest.mark.django_db


def _tell(people: Cast, url: str = "/jobs/") -> Notification:
    notify(user_ids=[people.ada.pk], title="Goal missed", text="Grow <b>", url=url, kind="goal.missed")
    return Notification.objects.latest("id")


def test_bell_counts_and_the_list_shows_what_was_told(browser: Client, people: Cast) -> None:
    _tell(people)
    page = browser.get("/you/notifications/").content.decode()
    assert "Goal missed" in page
    assert "Grow &lt;b&gt;" in page
    assert "1 unread notification" in page


def test_opening_marks_read_and_goes_there(browser: Client, people: Cast) -> None:
    found = _tell(people)
    response = browser.post(f"/you/notifications/{found.pk}/")
    assert (response.status_code, response["Location"]) == (302, "/jobs/")
    assert unread_count(people.ada.pk) == 0


def test_opening_never_leaves_the_site(browser: Client, people: Cast) -> None:
    found = _tell(people, url="https://evil.example/")
    assert browser.post(f"/you/notifications/{found.pk}/")["Location"] == "/you/notifications/"


def test_others_cannot_open_it(people: Cast, as_user: Callable[[User], Client]) -> None:
    found = _tell(people)
    assert as_user(people.bo).post(f"/you/notifications/{found.pk}/").status_code == 404
    assert "Goal missed" not in as_user(people.bo).get("/you/notifications/").content.decode()
    assert unread_count(people.ada.pk) == 1


def test_everything_is_marked_read_and_the_unread_list_is_empty(browser: Client, people: Cast) -> None:
    _tell(people)
    browser.post("/you/notifications/read/")
    page = browser.get("/you/notifications/?show=unread").content.decode()
    assert "Nothing new" in page
    assert "Goal missed" not in page


def test_long_list_is_paged(browser: Client, people: Cast) -> None:
    Notification.objects.bulk_create(Notification(user=people.ada, title=f"No. {n}", kind="k") for n in range(30))
    assert "No. 29" in browser.get("/you/notifications/").content.decode()
    second = browser.get("/you/notifications/?page=2").content.decode()
    assert "No. 0<" in second
    assert "No. 29" not in second

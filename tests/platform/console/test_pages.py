"""The platform's own pages, as people use them."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import actor
from yunying.base.ids import digest
from yunying.platform.accounts.models import User
from yunying.platform.audit.models import Entry
from yunying.platform.products import services
from yunying.platform.products.models import ApiKey, Invitation, Member, Organisation, Product, Role


@pytest.fixture
def bos(people, as_user) -> Client:
    return as_user(people.bo)


def url(name: str, *args: object, **kwargs: object) -> str:
    return reverse(f"console:{name}", args=args, kwargs=kwargs)


def text(response) -> str:
    return response.content.decode()


def test_first_person_founds_organisation_and_product_in_one_form(db, as_user):
    eve = User.objects.create_user("eve@example.com", name="Eve")
    client = as_user(eve)
    assert client.get("/")["Location"] == url("welcome")
    form = {"organisation": "Tea House", "name": "Tea App", "timezone": "shanghai", "currency": "CNY"}
    response = client.post(url("welcome"), form)
    product = Product.objects.get()
    assert response["Location"] == reverse("tracking:setup", args=[product.slug])
    assert (product.slug, product.timezone) == ("tea-app", "Asia/Shanghai")
    assert Member.objects.get(organisation=product.organisation).role == Role.OWNER
    assert list(Entry.objects.values_list("verb", flat=True).order_by("id")) == [
        "organisation.created",
        "product.created",
    ]


def test_welcome_says_what_is_wrong_and_creates_nothing(db, as_user):
    client = as_user(User.objects.create_user("eve@example.com"))
    response = client.post(url("welcome"), {"organisation": "A", "name": "B", "timezone": "Nowhere", "currency": "CNY"})
    assert response.status_code == 422
    assert "is not a timezone" in text(response)
    assert not Organisation.objects.exists()


def test_person_without_a_place_is_told_to_ask_for_an_invitation(people, as_user):
    client = as_user(User.objects.create_user("eve@example.com"))
    assert "eve@example.com" in text(client.get("/", follow=True))
    client.post(url("welcome"), {"organisation": "Mine", "name": "X", "timezone": "UTC", "currency": "CNY"})
    assert Organisation.objects.count() == 2


def test_product_looked_at_last_is_where_a_person_lands(people, browser):
    place = Member.objects.get(user=people.ada).organisation
    from yunying.platform.products.access import organisation_for

    access = organisation_for(people.ada, actor(people.ada), place.pk)
    services.create_product(access=access, name="Another")
    assert "/p/another/" in browser.get("/")["Location"]
    browser.get(url("settings", "tea"))
    assert "/p/tea/" in browser.get("/")["Location"]


def test_owner_changes_the_profile_and_operator_reads_it(people, browser, bos):
    form = {
        "name": "Tea House",
        "about": "Sells tea",
        "stage": "pre_launch",
        "platforms": ["web", "ios"],
        "languages": ["zh-hans"],
        "timezone": "Tokyo",
        "week_start": "7",
        "currency": "JPY",
        "core_functions": "order",
        "scope": "",
        "notice": "",
    }
    assert browser.post(url("settings", "tea"), form).status_code == 302
    product = Product.objects.get(slug="tea")
    assert (product.about, product.timezone, product.week_start, product.platforms) == (
        "Sells tea",
        "Asia/Tokyo",
        7,
        ["web", "ios"],
    )
    assert Entry.objects.get(verb="product.updated").before["timezone"] == "Asia/Shanghai"
    page = text(bos.get(url("settings", "tea")))
    assert "Sells tea" in page and "<textarea" not in page
    assert bos.post(url("settings", "tea"), form).status_code == 403


def test_wrong_timezone_stands_at_its_field(browser):
    form = {"name": "Tea House", "stage": "launched", "timezone": "Mars", "week_start": "1", "currency": "CNY"}
    response = browser.post(url("settings", "tea"), form)
    assert response.status_code == 422
    assert 'id="id_timezone_error"' in text(response)


def test_api_key_is_shown_once_and_never_again(browser):
    response = browser.post(url("keys", "tea"), {"kind": "api", "api-name": "job", "api-scopes": ["view"]})
    key = ApiKey.objects.get()
    secret = response.context["secret"]
    assert digest(secret) == key.digest and secret in text(response)
    assert response["Cache-Control"] == "no-store"
    again = text(browser.get(url("keys", "tea")))
    assert secret not in again and key.prefix in again


def test_revoked_write_key_stays_in_the_list_as_revoked(browser, access):
    key = services.create_write_key(access=access, name="site")
    assert browser.post(url("revoke_write_key", "tea", key.pk))["Location"] == url("keys", "tea")
    assert "Revoked" in text(browser.get(url("keys", "tea")))


def test_keys_are_for_those_who_manage_the_product(bos):
    assert bos.get(url("keys", "tea")).status_code == 403


def test_without_mail_server_the_inviter_gets_the_link(people, browser):
    place = people.organisation.pk
    response = browser.post(url("invite", place), {"email": "eve@example.com", "role": "pm"}, follow=True)
    assert "/invitations/yi_" in text(response)
    assert "eve@example.com" in text(response)


def test_with_mail_server_the_link_stays_in_the_mail(people, browser, settings, mailoutbox):
    settings.MAIL_LEAVES = True
    place = people.organisation.pk
    response = browser.post(url("invite", place), {"email": "eve@example.com", "role": "pm"}, follow=True)
    assert "/invitations/yi_" not in text(response)
    assert "/invitations/yi_" in mailoutbox[0].body


def test_mail_that_does_not_leave_is_said_and_the_invitation_can_be_sent_again(people, browser, settings):
    settings.EMAIL_BACKEND = "tests.platform.console.test_pages.Broken"
    place = people.organisation.pk
    response = browser.post(url("invite", place), {"email": "eve@example.com", "role": "pm"}, follow=True)
    assert "could not be sent" in text(response)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    browser.post(url("invite", place), {"email": "eve@example.com", "role": "pm"})
    assert Invitation.objects.count() == 1


class Broken:
    def __init__(self, **options: object) -> None: ...

    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError


def test_member_of_the_organisation_is_not_invited_twice(people, browser):
    response = browser.post(url("invite", people.organisation.pk), {"email": "bo@example.com", "role": "pm"})
    assert response.status_code == 422
    assert "already belongs" in text(response)


def test_signed_in_stranger_cannot_take_an_invitation(people, browser, as_user):
    browser.post(url("invite", people.organisation.pk), {"email": "eve@example.com", "role": "pm"})
    from yunying.platform.products.access import organisation_for

    place = organisation_for(people.ada, actor(people.ada), people.organisation.pk)
    link = services.invite(access=place, email="eve@example.com", role="pm").link
    path = link[link.index("/invitations/") :]
    dee = as_user(people.dee)
    assert "Sign out, then open the link again" in text(dee.get(path))
    assert dee.post(path).status_code == 403
    assert not Member.objects.filter(user=people.dee, organisation=people.organisation).exists()


def test_last_owner_is_told_why_they_cannot_leave(people, browser):
    mine = Member.objects.get(user=people.ada)
    response = browser.post(url("member", people.organisation.pk, mine.pk), {"remove": "1"})
    assert response.status_code == 409
    assert "Make somebody else an owner first" in text(response)


def test_viewer_can_leave_and_then_lands_at_the_start(people, as_user):
    mine = Member.objects.get(user=people.chen)
    chen = as_user(people.chen)
    assert chen.post(url("member", people.organisation.pk, mine.pk), {"remove": "1"})["Location"] == "/"
    assert chen.get(url("organisation", people.organisation.pk)).status_code == 404


def test_role_in_this_product_is_set_and_taken_back(people, browser):
    form = {"user": people.chen.pk, "role": "pm"}
    browser.post(url("members", "tea"), form)
    assert people.access("chen").may("edit_goals")
    browser.post(url("members", "tea"), {**form, "role": ""})
    assert not people.access("chen").may("edit_goals")


def test_product_is_archived_restored_archived_and_deleted(people, browser):
    wrong = browser.post(url("archive", "tea"), {"typed": "tea"})
    assert wrong.status_code == 422 and "Tea House" in text(wrong)
    browser.post(url("archive", "tea"), {"typed": "Tea House"})
    assert browser.get(url("settings", "tea")).status_code == 404
    assert "Tea House" in text(browser.get(url("organisation", people.organisation.pk)))
    browser.post(url("archived", "tea"), {"restore": "1"})
    assert browser.get(url("settings", "tea")).status_code == 200
    browser.post(url("archive", "tea"), {"typed": "Tea House"})
    assert browser.post(url("archived", "tea"), {"delete": "1", "typed": "no"}).status_code == 422
    browser.post(url("archived", "tea"), {"delete": "1", "typed": "Tea House"})
    assert not Product.objects.filter(slug="tea").exists()


def test_preferences_hold_on_this_browser_at_once(people, browser):
    response = browser.post(url("preferences"), {"name": "Ada L.", "language": "zh-hans", "theme": "dark"})
    assert response.status_code == 302
    assert browser.cookies["django_language"].value == "zh-hans"
    people.ada.refresh_from_db()
    assert (people.ada.name, people.ada.theme) == ("Ada L.", "dark")
    assert 'data-theme="dark"' in text(browser.get(url("preferences")))


PAGES = ["settings", "collection", "keys", "members", "archive"]


@pytest.mark.parametrize("name", PAGES)
def test_page_stands_in_the_frame_with_one_heading_and_no_inline_code(browser, access, name):
    services.create_write_key(access=access, name="site")
    html = text(browser.get(url(name, "tea")))
    assert html.count("<h1") == 1
    assert "<script>" not in html and " style=" not in html and " onclick=" not in html


QUERIES = {"settings": 9, "keys": 10, "members": 9}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_page_needs_no_more_queries_when_there_is_more(people, browser, access, name, django_assert_max_num_queries):
    for number in range(5):
        services.create_write_key(access=access, name=f"key {number}")
        services.create_api_key(access=access, name=f"key {number}", scopes=["view"])
    browser.get(url(name, "tea"))
    with django_assert_max_num_queries(QUERIES[name]):
        browser.get(url(name, "tea"))

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.insights.dashboards.models import Dashboard, ShareLink, Tile
from yunying.apps.insights.dashboards.notes import annotate
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard, save_variant
from yunying.apps.insights.dashboards.sharing import create_link, revoke_link
from yunying.base import ids
from yunying.base.clock import FixedClock
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess

UK = "bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"


@pytest.fixture
def stranger() -> Client:
    return Client()


def shown(stranger: Client, secret: str) -> str:
    page = stranger.get(f"/shared/{secret}/")
    assert page.status_code == 200
    return page.content.decode()


def test_only_the_digest_of_the_secret_is_kept(access: ProductAccess, dashboard: Dashboard) -> None:
    link, secret = create_link(access=access, dashboard=dashboard)
    kept = ShareLink.objects.values().get(pk=link.pk)
    assert secret not in str(kept)
    assert kept["digest"] == ids.digest(secret)
    assert len(secret) > 30


def test_a_stranger_with_the_link_sees_the_tiles_and_nothing_beside(
    access: ProductAccess, dashboard: Dashboard, stranger: Client
) -> None:
    annotate(access=access, text="Secret release", day=date(2026, 3, 3))
    _link, secret = create_link(access=access, dashboard=dashboard)
    page = shown(stranger, secret)
    assert "Monday meeting" in page and "Daily orders" in page and "<h2>Tea</h2>" in page
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    body = stranger.get(f"/shared/{secret}/tiles/{tile.pk}/").content.decode()
    assert '"values": [0, 3, 1, 2, 0]' in body
    for hidden in (
        "/p/tea",
        "Secret release",
        "ada@example.com",
        "Ada",
        "Every Monday at nine",
        "What this number means",
    ):
        assert hidden not in page + body


def test_the_maker_chooses_the_filters_and_the_address_changes_nothing(
    access: ProductAccess, dashboard: Dashboard, stranger: Client
) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard, query=UK)
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    for more in ("", "?bar=1", "?bar=1&f0.of=event&f0.property=country&f0.value=CN&f0.operator=exact"):
        body = stranger.get(f"/shared/{secret}/tiles/{tile.pk}/{more}").content.decode()
        assert '"values": [0, 0, 1, 0, 0]' in body
    assert "country" not in shown(stranger, secret)


def test_a_stranger_reads_the_name_of_the_variant_but_not_its_conditions(
    access: ProductAccess, dashboard: Dashboard, stranger: Client
) -> None:
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=UK)
    _link, secret = create_link(access=access, dashboard=dashboard, query=variant.query)
    assert "Kingdom" in shown(stranger, secret) and "country" not in shown(stranger, secret)
    _link, whole = create_link(access=access, dashboard=dashboard)
    assert "Kingdom" not in shown(stranger, whole)


def test_search_engines_and_caches_are_kept_away(access: ProductAccess, dashboard: Dashboard, stranger: Client) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard)
    page = stranger.get(f"/shared/{secret}/")
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


def test_only_named_sites_may_embed_the_page(access: ProductAccess, dashboard: Dashboard, stranger: Client) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard, origins=["https://wiki.example.com/"])
    page = stranger.get(f"/shared/{secret}/")
    assert "frame-ancestors https://wiki.example.com" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    inside = stranger.get("/accounts/login/")
    assert "frame-ancestors 'none'" in inside["Content-Security-Policy"]


@pytest.mark.parametrize(
    "site", ["*", "example.com", "https://a.com; script-src *", "https://a.com/path", "javascript:x", "https://a b.com"]
)
def test_what_is_no_site_is_refused(access: ProductAccess, dashboard: Dashboard, site: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        create_link(access=access, dashboard=dashboard, origins=[site])
    assert refused.value.field == "origins"


def test_a_revoked_an_expired_and_an_invented_link_look_the_same(
    access: ProductAccess, dashboard: Dashboard, stranger: Client, clock: FixedClock
) -> None:
    revoked, one = create_link(access=access, dashboard=dashboard)
    revoke_link(access=access, link=revoked)
    _expired, two = create_link(access=access, dashboard=dashboard, expires_at=clock.now() + timedelta(hours=1))
    assert stranger.get(f"/shared/{two}/").status_code == 200
    clock.advance(timedelta(hours=1))
    tile = Tile.objects.filter(dashboard=dashboard).first()
    assert tile is not None
    answers = [
        stranger.get(f"/shared/{secret}/{rest}") for secret in (one, two, "sh_invented") for rest in ("", "changed/")
    ]
    answers += [stranger.get(f"/shared/{secret}/tiles/{tile.pk}/") for secret in (one, two)]
    assert {answer.status_code for answer in answers} == {404}


def test_an_archived_product_shows_nothing(access: ProductAccess, dashboard: Dashboard, stranger: Client) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard)
    access.product.archived_at = dashboard.created_at
    access.product.save(update_fields=["archived_at"])
    assert stranger.get(f"/shared/{secret}/").status_code == 404


def test_a_link_opens_no_tile_of_another_dashboard_or_product(
    people: Cast, access: ProductAccess, dashboard: Dashboard, stranger: Client
) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard)
    second = create_dashboard(access=access, name="Second")
    foreign = create_dashboard(access=people.access("dee"), name="Foreign")
    mine = add_tile(access=access, dashboard=second, kind="text", text="not shared")
    theirs = add_tile(access=people.access("dee"), dashboard=foreign, kind="text", text="not yours")
    for tile in (mine, theirs):
        assert stranger.get(f"/shared/{secret}/tiles/{tile.pk}/").status_code == 404


def test_a_password_is_asked_for_and_wrong_ones_are_counted(
    access: ProductAccess, dashboard: Dashboard, stranger: Client
) -> None:
    _link, secret = create_link(access=access, dashboard=dashboard, password="jasmine tea")
    tile = Tile.objects.get(dashboard=dashboard, kind="text")
    assert "Monday meeting" not in shown(stranger, secret)
    assert "Tea" not in stranger.get(f"/shared/{secret}/tiles/{tile.pk}/").content.decode()
    assert stranger.post(f"/shared/{secret}/", {"password": "wrong"}).status_code == 422
    assert stranger.post(f"/shared/{secret}/", {"password": "jasmine tea"}).status_code == 302
    assert "Monday meeting" in shown(stranger, secret)
    other = Client()
    answers = [other.post(f"/shared/{secret}/", {"password": f"guess {n}"}).status_code for n in range(12)]
    assert answers[-1] == 429


def test_a_key_to_one_link_opens_no_other(access: ProductAccess, dashboard: Dashboard, stranger: Client) -> None:
    _one, first = create_link(access=access, dashboard=dashboard, password="jasmine tea")
    link, second = create_link(access=access, dashboard=dashboard, password="other words")
    stranger.post(f"/shared/{first}/", {"password": "jasmine tea"})
    key = next(iter(stranger.cookies.values())).value
    other = Client()
    other.cookies[f"yunying_shared_{link.pk}"] = key
    assert "Monday meeting" not in shown(other, second)


def test_guessing_links_is_limited(stranger: Client, dashboard: Dashboard) -> None:
    answers = [stranger.get(f"/shared/sh_{n}/").status_code for n in range(32)]
    assert answers[-1] == 429


def test_a_short_password_and_one_for_an_embedded_page_are_refused(access: ProductAccess, dashboard: Dashboard) -> None:
    for more in ({"password": "abc"}, {"password": "long enough", "origins": ["https://a.com"]}):
        with pytest.raises(InvalidInput) as refused:
            create_link(access=access, dashboard=dashboard, **more)
        assert refused.value.field == "password"


def test_who_may_only_look_shares_nothing(
    people: Cast, dashboard: Dashboard, as_user: Callable[[User], Client]
) -> None:
    with pytest.raises(NotAllowed):
        create_link(access=people.access("chen"), dashboard=dashboard)
    page = as_user(people.chen).get(f"/p/tea/insights/dashboards/{dashboard.pk}/links/")
    assert page.status_code == 403


def test_the_page_tells_the_address_once(browser: Client, dashboard: Dashboard, stranger: Client) -> None:
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/links/"
    made = browser.post(path, {"label": "The board", "expires": "7", "variant": "", "password": "", "origins": ""})
    secret = re.search(r"/shared/(sh_[\w-]+)/", made.content.decode())
    assert secret and "Monday meeting" in shown(stranger, secret[1])
    again = browser.get(path).content.decode()
    assert "The board" in again and secret[1] not in again
    link = ShareLink.objects.get()
    browser.post(f"{path}{link.pk}/revoke/")
    assert stranger.get(f"/shared/{secret[1]}/").status_code == 404


def test_the_list_names_what_each_link_shows(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    variant = save_variant(access=access, dashboard=dashboard, name="Britain", query=UK)
    for query in ("", variant.query, UK.replace("UK", "CN"), "bar=1&range=last-7-day"):
        create_link(access=access, dashboard=dashboard, query=query)
    page = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/links/")
    found = [(row.state, row.narrowed) for row in reversed(page.context["links"])]
    assert found == [
        ("The tiles as saved", ""),
        ("Britain", ""),
        ("A choice that has no name", "Counted only where country is CN."),
        ("A choice that has no name", ""),
    ]
    assert browser.get(page.context["links"][2].url).context["state"].variant == variant

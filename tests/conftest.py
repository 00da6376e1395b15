"""The fixed cast and the shared places of the suite.

Ada owns the organisation and looks after the installation, Bo operates its products, Chen may only look, Dee belongs
to another organisation.
`store` is one embedded event store for the whole run; every test has a product number of its own in it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client
from xdist.scheduler import LoadFileScheduling

from tests.fresh import fresh_store
from tests.pace import empty_when_full, work_quickly
from yunying.base.actor import Actor, ActorKind
from yunying.base.clock import FixedClock, fixed

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer

    from yunying.platform.accounts.models import User
    from yunying.platform.products.access import ProductAccess
    from yunying.platform.products.models import Organisation, Product
    from yunying.store import Store

PASSWORD = "a long enough password"
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)

_stores: "list[Store]" = []

# SQLite gives the same product numbers again after each rolled-back test, the event store would mix them up.
_product_numbers = count(1000)


@dataclass(frozen=True)
class Cast:
    ada: "User"
    bo: "User"
    chen: "User"
    dee: "User"
    organisation: "Organisation"
    product: "Product"
    elsewhere: "Organisation"
    other: "Product"

    def access(self, who: str = "ada") -> "ProductAccess":
        """What `who` (ada, bo, chen) may do in the product; Dee's access is to the other product."""
        from yunying.platform.products.access import product_for

        user: User = getattr(self, who)
        return product_for(user, actor(user), self.other.slug if who == "dee" else self.product.slug)


def actor(user: "User") -> Actor:
    return Actor(ActorKind.USER, user.pk, user.shown_name, "203.0.113.7", "tests")


def _organisation(name: str, slug: str, members: "dict[User, str]") -> "tuple[Organisation, Product]":
    from yunying.platform.products.models import Member, Organisation, Product

    organisation = Organisation.objects.create(name=name)
    for user, role in members.items():
        Member.objects.create(organisation=organisation, user=user, role=role)
    product = Product.objects.create(
        pk=next(_product_numbers), organisation=organisation, slug=slug, name=name, timezone="Asia/Shanghai"
    )
    return organisation, product


@pytest.fixture
def people(db: None) -> Cast:
    """Ada, Bo, Chen with `product`, and Dee with `other`, who must never see each other's."""
    from yunying.platform.accounts.models import User

    ada, bo, chen, dee = (
        User.objects.create_user(f"{name.lower()}@example.com", PASSWORD, name=name)
        for name in ("Ada", "Bo", "Chen", "Dee")
    )
    ada.is_staff = True
    ada.save(update_fields=["is_staff"])
    organisation, product = _organisation("Tea House", "tea", {ada: "owner", bo: "operator", chen: "viewer"})
    elsewhere, other = _organisation("Elsewhere", "elsewhere", {dee: "owner"})
    return Cast(ada, bo, chen, dee, organisation, product, elsewhere, other)


@pytest.fixture
def product(people: Cast) -> "Product":
    return people.product


@pytest.fixture
def access(people: Cast) -> "ProductAccess":
    """Ada's access to the product: every right."""
    return people.access("ada")


@pytest.fixture
def as_user() -> "Callable[[User], Client]":
    """`as_user(people.bo)`: a browser in which that person is signed in."""

    def sign_in(user: "User") -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def browser(people: Cast, as_user: "Callable[[User], Client]") -> Client:
    """Ada's browser."""
    return as_user(people.ada)


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    """The program's clock stands at 2026-03-05 12:00 UTC (a Thursday) and moves by `advance`."""
    with fixed(NOON) as at:
        yield at


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Rate limits and cached answers do not leak from one test into the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """The database of this process begins as a copy of a migrated one; what is missing in it is migrated as always."""
    from django.db import connection

    if connection.vendor != "sqlite":
        yield
        return
    name = connection.creation._get_test_db_name()  # in memory, for as long as somebody is connected
    with closing(sqlite3.connect(name, uri=True)) as mine:
        with closing(sqlite3.connect(fresh_store())) as made:
            made.backup(mine)
        yield


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Store]":
    """One real embedded event store, migrated, used by the whole process."""
    from yunying.store import open_store, use

    work_quickly()
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('events')}", memory_mb=1024, timeout_s=30)
    opened.migrate()
    use(opened)
    _stores.append(opened)
    yield opened
    _stores.remove(opened)
    opened.close()


@pytest.fixture(scope="module", autouse=True)
def _room_in_the_store() -> Iterator[None]:
    """Tests are as fast after many others as alone."""
    yield
    for opened in _stores:
        empty_when_full(opened)


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """One browser for the whole process; every test opens windows of its own in it."""
    from tests.browser import NoBrowser, running_browser

    try:
        with running_browser() as browser:
            yield browser
    except NoBrowser as reason:
        pytest.skip(str(reason))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first, so that the end of a run is not one worker alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class ByFile(LoadFileScheduling):
    """A file stays with one worker, but for those of which each test takes long and needs none before it."""

    APART = ("tests/e2e/test_pages.py",)

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(self.APART) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> LoadFileScheduling | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None

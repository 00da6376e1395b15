"""Nobody reaches what is not theirs: every address of every app, found by walking the program itself.

To a stranger a hidden object looks exactly like an absent one, and a member of one product cannot reach another
product's objects through their own. New apps are covered as soon as their addresses exist (see `tests/isolation.py`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import isolation
from yunying.api import api
from yunying.apps.tracking.erasing import ERASED
from yunying.platform.console.reference import _example
from yunying.platform.products import services
from yunying.platform.products.access import Permission
from yunying.platform.products.models import Product

pytestmark = pytest.mark.long

isolation.load()

# Addresses that name something, yet belong to no product; each with the reason why that is right.
OPEN = {
    "account_confirm_email": "the key in a mail proves the mailbox",
    "account_reset_password_from_key": "the key in a mail proves the mailbox",
    "openid_connect_login": "the name of a configured provider",
    "openid_connect_callback": "the name of a configured provider",
    "console:invitation": "the token in a mail is the right itself",
    "shared:dashboard": "the secret in a link that a member made is the right itself",
    "shared:changed": "the same secret",
    "shared:tile": "the same secret",
    "shared:unsubscribe": "the signed name in a mail is the right itself",
    "goals_feed": "the secret in the address is the right itself",
    "ui:columns": "a person's own choice, named by a table",
    "ui:help": "help pages are the same for everybody",
}
# Addresses whose argument is a word of the program, not an object.
KINDS = {"insights:suggest", "insights:dashboard_from_template"}
# Models that belong to a product without a plain, cascading foreign key; each with the reason.
LOOSE = {
    "audit.Entry": "an entry outlives what it speaks of",
    "notify.Notification": "belongs to a person; the product is a hint",
    "jobs.Job": "belongs to the installation; the product is a hint",
}
ABSENT = 2**40
NONE = "no-such-product"


@dataclass(frozen=True)
class Page:
    name: str
    arguments: frozenset[str]

    def __str__(self) -> str:
        return self.name


def walk(resolver: URLResolver, space: str = "", given: frozenset[str] = frozenset()) -> Iterator[Page]:
    for entry in resolver.url_patterns:
        arguments = given | frozenset(entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            if entry.namespace != "api":
                inner = f"{space}{entry.namespace}:" if entry.namespace else space
                yield from walk(entry, inner, arguments)
        elif isinstance(entry, URLPattern):
            yield Page(f"{space}{entry.name or entry.pattern}", arguments)


PAGES = sorted(set(walk(get_resolver())), key=str)
IN_PRODUCT = [page for page in PAGES if "product" in page.arguments]
ELSEWHERE = [page for page in PAGES if page.arguments and "product" not in page.arguments and page.name not in OPEN]
DOCUMENT = json.loads(json.dumps(api.get_openapi_schema()))
CALLS = [
    (method, path)
    for path, operations in sorted(DOCUMENT["paths"].items())
    for method in operations
    if "{product}" in path
]


def objects(address: str, wanted: frozenset[str], access) -> dict[str, object]:
    if not wanted:
        return {}
    assert address in isolation.FACTORIES, f"{address} names an object: register a factory (see tests/isolation.py)"
    made = dict(isolation.FACTORIES[address](access))
    assert wanted <= made.keys(), f"the factory of {address} must give {sorted(wanted)}"
    return {name: made[name] for name in wanted}


def shown(response, *names: object) -> tuple[int, str]:
    """Status and body without what differs by nature: the address itself, CSRF tokens."""
    body = response.content.decode()
    for name in names:
        body = body.replace(str(name), "<name>")
    return response.status_code, re.sub(r"\b[A-Za-z0-9]{64}\b", "<token>", body)


def both(client: Client, url: str, *names: object) -> list[tuple[int, str]]:
    return [shown(client.get(url), *names), shown(client.post(url), *names)]


def all_closed(answers: list[tuple[int, str]]) -> bool:
    """Nothing but 404, and 405 where a method is not meant at all."""
    statuses = {status for status, _body in answers}
    return statuses <= {404, 405} and 404 in statuses


@pytest.mark.parametrize("page", IN_PRODUCT, ids=str)
def test_stranger_sees_a_hidden_product_as_an_absent_one(page, people, as_user, store):
    rest = objects(page.name, page.arguments - {"product"}, people.access())
    dee = as_user(people.dee)
    hidden = both(dee, reverse(page.name, kwargs={"product": "tea", **rest}), "/tea/")
    absent = both(dee, reverse(page.name, kwargs={"product": NONE, **rest}), f"/{NONE}/")
    assert hidden == absent
    assert all_closed(hidden)


@pytest.mark.parametrize(
    "page", [page for page in IN_PRODUCT if len(page.arguments) > 1 and page.name not in KINDS], ids=str
)
def test_member_cannot_reach_another_products_objects_through_their_own(page, people, as_user, store):
    rest = objects(page.name, page.arguments - {"product"}, people.access())
    assert all_closed(both(as_user(people.dee), reverse(page.name, kwargs={"product": "elsewhere", **rest})))


@pytest.mark.parametrize("page", IN_PRODUCT, ids=str)
def test_page_of_a_product_asks_who_is_there(page, people, store):
    rest = objects(page.name, page.arguments - {"product"}, people.access())
    url = reverse(page.name, kwargs={"product": "tea", **rest})
    answers = [Client().get(url), Client().post(url)]
    assert {answer.status_code for answer in answers} <= {302, 405}
    assert any(answer.status_code == 302 and "/accounts/login/" in answer["Location"] for answer in answers)


@pytest.mark.parametrize("page", [page for page in IN_PRODUCT if page.name != "console:archived"], ids=str)
def test_owner_reaches_the_page(page, people, browser, store):
    """Without this the tests above would be content with a page that nobody reaches."""
    rest = objects(page.name, page.arguments - {"product"}, people.access())
    url = reverse(page.name, kwargs={"product": "tea", **rest})
    answer = browser.get(url)
    if answer.status_code == 405:
        answer = browser.post(url)
    assert answer.status_code not in (403, 404)
    assert answer.status_code < 500


@pytest.mark.parametrize("page", ELSEWHERE, ids=str)
def test_stranger_sees_other_hidden_objects_as_absent_ones(page, people, as_user, store):
    kwargs = objects(page.name, page.arguments, people.access())
    none = {name: ABSENT if isinstance(value, int) else "absent" for name, value in kwargs.items()}
    dee = as_user(people.dee)
    hidden = both(dee, reverse(page.name, kwargs=kwargs), reverse(page.name, kwargs=kwargs))
    assert hidden == both(dee, reverse(page.name, kwargs=none), reverse(page.name, kwargs=none))
    assert all_closed(hidden)


def call(client: Client, method: str, path: str, product: str, rest: dict[str, object], slug: str) -> tuple[int, str]:
    operation = DOCUMENT["paths"][path][method]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    data = _example(DOCUMENT, body["schema"]) if body else None
    needed = [one for one in operation.get("parameters", []) if one["in"] == "query" and one.get("required")]
    query = urlencode({one["name"]: _example(DOCUMENT, one["schema"]) for one in needed})
    url = path.format(product=product, **rest) + (f"?{query}" if query else "")
    response = getattr(client, method)(url, *([data] if data is not None else []), content_type="application/json")
    return shown(response, slug)


def arguments(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"{(\w+)}", path)) - {"product"}


def callers(people, as_user) -> list[Client]:
    """Dee in a browser, and an API key of Dee's product with every right."""
    every = [permission.value for permission in Permission]
    secret = services.create_api_key(access=people.access("dee"), name="all", scopes=every).secret
    return [as_user(people.dee), Client(headers={"Authorization": f"Bearer {secret}"})]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_stranger_calls_a_hidden_product_as_an_absent_one(method, path, people, as_user, store):
    rest = objects(path, arguments(path), people.access())
    for client in callers(people, as_user):
        hidden = call(client, method, path, "tea", rest, "/tea/")
        assert hidden == call(client, method, path, NONE, rest, f"/{NONE}/")
        # A body the document's example does not satisfy is refused before anything is looked up.
        assert hidden[0] in ((400, 404) if method in ("post", "put", "patch") else (404,)), hidden


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p in CALLS if arguments(p)])
def test_caller_cannot_reach_another_products_objects_through_their_own(method, path, people, as_user, store):
    rest = objects(path, arguments(path), people.access())
    for client in callers(people, as_user):
        status, _body = call(client, method, path, "elsewhere", rest, "/elsewhere/")
        assert status in ((400, 404) if method in ("post", "put", "patch") else (404,))


def tenant_models() -> list[type[models.Model]]:
    ours = [model for model in apps.get_models() if model.__module__.startswith("yunying.")]
    return [model for model in ours if any(field.name in ("product", "product_id") for field in model._meta.fields)]


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_what_belongs_to_a_product_goes_with_it(model):
    if model._meta.label in LOOSE:
        return
    field = model._meta.get_field("product")
    assert isinstance(field, models.ForeignKey) and field.related_model is Product
    assert not field.null
    if model not in ERASED:
        assert field.remote_field.on_delete is models.CASCADE


def test_every_factory_belongs_to_an_address():
    names = {page.name for page in PAGES} | set(DOCUMENT["paths"])
    assert set(isolation.FACTORIES) <= names

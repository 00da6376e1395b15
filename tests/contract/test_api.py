"""What holds for the whole API: who may call, how errors look, how lists page, what the document says."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from yunying.api import api
from yunying.platform.audit.models import Entry
from yunying.platform.products import services
from yunying.platform.products.access import Permission
from yunying.platform.products.models import ApiKey, Role
from yunying.platform.products.rest import CALLS_PER_MINUTE, WRONG_KEYS_PER_MINUTE
from yunying.platform.products.schemas import RoleName, Scope


@pytest.fixture
def key(access):
    return services.create_api_key(access=access, name="tests", scopes=["view", "manage_product"])


@pytest.fixture
def bearer(key):
    return Client(headers={"Authorization": f"Bearer {key.secret}"})


def problem(response, status, code):
    body = response.json()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:yunying:error:{code}")
    assert body["title"] and body["detail"]
    return body


def test_without_key_or_session_the_answer_is_401(db):
    response = Client().get("/api/v1/me")
    problem(response, 401, "access.unknown")
    assert response["WWW-Authenticate"] == "Bearer"


def test_key_opens_its_own_product_only(people, bearer):
    assert bearer.get("/api/v1/me").json() == {
        "kind": "api_key",
        "id": ApiKey.objects.get().pk,
        "name": "tests",
        "products": ["tea"],
    }
    assert bearer.get("/api/v1/products/tea").json()["name"] == "Tea House"
    absent = problem(bearer.get("/api/v1/products/nothing"), 404, "product.absent")
    hidden = problem(bearer.get("/api/v1/products/elsewhere"), 404, "product.absent")
    assert absent == hidden


def test_key_keeps_to_its_scopes(people, bearer):
    body = problem(
        bearer.put(
            f"/api/v1/products/tea/members/{people.chen.pk}/role", {"role": "pm"}, content_type="application/json"
        ),
        403,
        "access.denied",
    )
    assert "Manage members" in body["detail"]


def test_revoked_key_opens_nothing(access, key, bearer):
    services.revoke_api_key(access=access, key_id=key.key.pk)
    problem(bearer.get("/api/v1/me"), 401, "access.unknown")


def test_last_use_is_written_at_most_once_a_minute(clock, key, bearer, django_assert_num_queries):
    bearer.get("/api/v1/me")
    first = ApiKey.objects.get().last_used_at
    assert first == clock.now()
    clock.advance(timedelta(seconds=59))
    with django_assert_num_queries(1):
        bearer.get("/api/v1/me")
    assert ApiKey.objects.get().last_used_at == first
    clock.advance(timedelta(seconds=1))
    bearer.get("/api/v1/me")
    assert ApiKey.objects.get().last_used_at == clock.now()


def test_session_may_read_but_changes_need_the_csrf_token(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.ada, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/products/tea").status_code == 200
    url, body = "/api/v1/products/tea/write-keys", {"name": "site"}
    problem(client.post(url, body, content_type="application/json"), 403, "form.stale")
    client.get(reverse("console:settings", args=["tea"]))
    token = client.cookies["csrftoken"].value
    made = client.post(url, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert made.status_code == 201


def test_invalid_body_says_which_field(bearer):
    response = bearer.patch("/api/v1/products/tea", {"week_start": 3, "colour": 1}, content_type="application/json")
    assert set(problem(response, 400, "input.invalid")["errors"]) == {"week_start", "colour"}


def test_unreadable_body_is_said_to_be_so(bearer):
    problem(bearer.patch("/api/v1/products/tea", b"{", content_type="application/json"), 400, "input.unreadable")


def test_patch_changes_only_what_was_sent(people, bearer):
    answer = bearer.patch("/api/v1/products/tea", {"about": "Sells tea"}, content_type="application/json").json()
    assert (answer["about"], answer["name"], answer["timezone"]) == ("Sells tea", "Tea House", "Asia/Shanghai")
    assert Entry.objects.filter(verb="product.updated").get().actor_kind == "api_key"


def test_lists_come_in_pages(access, bearer):
    for name in ("one", "two", "three"):
        services.create_write_key(access=access, name=name)
    first = bearer.get("/api/v1/products/tea/write-keys?limit=2").json()
    rest = bearer.get("/api/v1/products/tea/write-keys?limit=2&offset=2").json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["three", "two", "one"]
    assert first["count"] == 3
    problem(bearer.get("/api/v1/products/tea/write-keys?limit=501"), 400, "input.invalid")


def test_deleting_a_key_twice_is_as_good_as_once(access, bearer):
    key = services.create_write_key(access=access, name="site")
    for _ in range(2):
        assert bearer.delete(f"/api/v1/products/tea/write-keys/{key.pk}").status_code == 204


def test_new_key_shows_its_secret_once_and_has_no_more_rights_than_its_maker(bearer):
    url = "/api/v1/products/tea/api-keys"
    made = bearer.post(url, {"name": "child", "scopes": ["view"]}, content_type="application/json").json()
    assert made["secret"].startswith("ys_")
    assert made["secret"] not in bearer.get(url).content.decode()
    wider = bearer.post(url, {"name": "wide", "scopes": ["manage_members"]}, content_type="application/json")
    problem(wider, 400, "key.scopes")


def test_product_is_created_by_people_only(people, as_user, bearer):
    body = {"organisation_id": people.organisation.pk, "name": "Coffee", "slug": "coffee"}
    problem(bearer.post("/api/v1/products", body, content_type="application/json"), 403, "access.people_only")
    ada = as_user(people.ada)
    assert ada.post("/api/v1/products", body, content_type="application/json").status_code == 201
    problem(ada.post("/api/v1/products", body, content_type="application/json"), 409, "product.slug_taken")
    foreign = {**body, "organisation_id": people.elsewhere.pk}
    problem(ada.post("/api/v1/products", foreign, content_type="application/json"), 404, "organisation.absent")


def test_too_many_calls_are_stopped_for_a_while(clock, bearer, monkeypatch):
    monkeypatch.setattr("yunying.platform.products.rest.CALLS_PER_MINUTE", 3)
    assert CALLS_PER_MINUTE >= 60
    for _ in range(3):
        assert bearer.get("/api/v1/me").status_code == 200
    response = bearer.get("/api/v1/me")
    problem(response, 429, "rate.exceeded")
    assert 0 < int(response["Retry-After"]) <= 60
    clock.advance(timedelta(minutes=1))
    assert bearer.get("/api/v1/me").status_code == 200


def test_guessing_keys_is_stopped(db, clock):
    stranger = Client(headers={"Authorization": "Bearer ys_wrong"})
    for _ in range(WRONG_KEYS_PER_MINUTE):
        problem(stranger.get("/api/v1/me"), 401, "access.unknown")
    problem(stranger.get("/api/v1/me"), 429, "rate.exceeded")


def test_unknown_address_below_the_api_is_a_problem_too(db):
    problem(Client().get("/api/v1/nothing"), 404, "page.absent")


def test_document_is_openapi_3_1_with_our_errors_everywhere():
    schema = json.loads(json.dumps(api.get_openapi_schema()))
    assert schema["openapi"].startswith("3.1")
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert {"400", "401", "403", "404", "409", "429", "503"} <= set(operation["responses"]), path
            assert operation.get("summary"), path


def test_operation_ids_are_unique():
    ids = [op["operationId"] for operations in api.get_openapi_schema()["paths"].values() for op in operations.values()]
    assert len(ids) == len(set(ids))


def test_reference_page_shows_every_endpoint_without_scripts_of_others(browser):
    html = browser.get(reverse("api:openapi-view")).content.decode()
    for path in api.get_openapi_schema()["paths"]:
        assert path in html
    assert "//cdn" not in html and "<script>" not in html


def test_names_in_the_document_are_those_of_the_program():
    assert set(RoleName.__args__) == set(Role.values)
    assert set(Scope.__args__) == {permission.value for permission in Permission}

"""Catalogue and people, as pages and through the API."""

import pytest
from django.urls import reverse

from yunying.apps.tracking.models import DistinctId, EventDefinition, PropertyDefinition
from yunying.events.event import Link, LinkKind, Op, OpKind


def set_(**values: object) -> list[Op]:
    return [Op(OpKind.SET, key, value) for key, value in values.items()]


@pytest.fixture
def shop(write, event, product) -> None:
    write(
        event("anon", "visit", minute=-3, path="/tea"),
        event("ann", "order", minute=1, amount=12.5, links=[Link(LinkKind.IDENTIFY, "anon", "ann")]),
        event("ann", "visit", minute=2, path="/", person_ops=set_(name="Ann Lee", plan="pro")),
        event("bob", "visit", minute=3, person_ops=set_(email="bob@example.com", plan="free")),
    )


def number_of(product, name: str) -> int:
    return DistinctId.objects.get(product=product, distinct_id=name).owner


def test_the_catalogue_lists_events_with_volumes(shop, browser, product) -> None:
    page = browser.get(reverse("tracking:catalogue", args=[product.slug])).content.decode()
    assert "visit" in page
    assert "order" in page
    assert page.index(">visit</a>") < page.index(">order</a>")


def test_properties_are_listed_with_their_type(shop, browser, product) -> None:
    page = browser.get(reverse("tracking:properties", args=[product.slug]) + "?of=event").content.decode()
    assert "amount" in page
    assert "Number" in page
    assert "email" not in page


def test_a_described_event_is_shown_and_found_by_its_title(shop, browser, product) -> None:
    order = EventDefinition.objects.get(product=product, name="order")
    address = reverse("tracking:event", args=[product.slug, order.pk])
    assert "amount" in browser.get(address).content.decode()
    answer = browser.post(address, {"title_en": "Order placed", "title_zh": "下单", "description": "Paid or not."})
    assert answer.status_code == 302
    order.refresh_from_db()
    assert (order.title_zh, order.hidden, order.volume) == ("下单", False, 1)
    page = browser.get(reverse("tracking:catalogue", args=[product.slug]) + "?q=下单").content.decode()
    assert "Order placed" in page


def test_a_hidden_name_is_not_suggested_and_a_viewer_cannot_hide_it(shop, people, as_user, product) -> None:
    from yunying.apps.tracking.selectors import event_names

    order = EventDefinition.objects.get(product=product, name="order")
    address = reverse("tracking:event", args=[product.slug, order.pk])
    assert as_user(people.chen).post(address, {"hidden": "on"}).status_code == 403
    assert as_user(people.bo).post(address, {"hidden": "on"}).status_code == 302
    assert [row.name for row in event_names(product.pk)] == ["visit"]


def test_a_property_page_shows_its_values(shop, browser, product) -> None:
    path = PropertyDefinition.objects.get(product=product, name="path")
    # The events of the fixture lie months in the past.
    page = browser.get(reverse("tracking:property", args=[product.slug, path.pk])).content.decode()
    assert "/tea" in page
    plan = PropertyDefinition.objects.get(product=product, name="plan")
    assert "pro" in browser.get(reverse("tracking:property", args=[product.slug, plan.pk])).content.decode()


def test_people_are_found_by_name_id_mail_and_property(shop, browser, product) -> None:
    address = reverse("tracking:people", args=[product.slug])

    def found(query: str) -> tuple[bool, bool]:
        page = browser.get(f"{address}?{query}").content.decode()
        return f"/people/{number_of(product, 'ann')}/" in page, f"/people/{number_of(product, 'bob')}/" in page

    assert found("") == (True, True)
    assert found("q=ann") == (True, False)
    assert found("q=ANON") == (True, False)
    assert found("q=bob@") == (False, True)
    assert found("f0.property=plan&f0.operator=exact&f0.value=free") == (False, True)
    assert found("f0.property=name&f0.operator=is_set") == (True, False)
    assert found("f0.property=nothing&f0.operator=is_set") == (False, False)


def test_the_list_of_people_takes_few_queries(shop, browser, product, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(14):
        browser.get(reverse("tracking:people", args=[product.slug]))


def test_a_person_page_shows_properties_ids_merges_and_timeline(shop, browser, product) -> None:
    page = browser.get(reverse("tracking:person", args=[product.slug, number_of(product, "ann")])).content.decode()
    for text in ("Ann Lee", "anon", "order", "12.5", "Merged", "pro"):
        assert text in page
    assert page.index("<span>order<") < page.rindex("<span>visit<")


def test_an_old_number_leads_to_the_person_of_today(shop, browser, product) -> None:
    anon = DistinctId.objects.get(product=product, distinct_id="anon")
    answer = browser.get(reverse("tracking:person", args=[product.slug, anon.number]))
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/people/{anon.owner}/")


def test_a_long_timeline_goes_on_page_by_page(write, event, browser, product) -> None:
    write(*(event("ann", f"step {i:03}", minute=i // 3) for i in range(120)))
    address = reverse("tracking:person", args=[product.slug, number_of(product, "ann")])
    from yunying.apps.tracking.selectors import person_timeline

    seen, before = [], None
    while part := person_timeline(product.pk, number_of(product, "ann"), before, 50):
        seen += [one.name for one in part]
        before = (part[-1].ts, part[-1].uuid)
    assert len(seen) == len(set(seen)) == 120
    assert "Older" in browser.get(address).content.decode()


def test_a_viewer_sees_the_catalogue_but_no_people(shop, people, as_user, product) -> None:
    chen = as_user(people.chen)
    assert chen.get(reverse("tracking:catalogue", args=[product.slug])).status_code == 200
    assert chen.get(reverse("tracking:people", args=[product.slug])).status_code == 403
    assert chen.get(reverse("tracking:person", args=[product.slug, number_of(product, "ann")])).status_code == 403


def test_people_of_another_product_are_not_found(shop, people, as_user, product) -> None:
    dee = as_user(people.dee)
    assert dee.get(reverse("tracking:people", args=[product.slug])).status_code == 404
    elsewhere = reverse("tracking:person", args=[people.other.slug, number_of(product, "ann")])
    assert dee.get(elsewhere).status_code == 404


def test_the_api_reads_catalogue_people_and_timeline(shop, browser, product) -> None:
    base = f"/api/v1/products/{product.slug}/data"
    events = browser.get(f"{base}/events").json()
    assert [(one["name"], one["volume"]) for one in events["items"]] == [("visit", 3), ("order", 1)]
    amount = next(one for one in browser.get(f"{base}/properties").json()["items"] if one["name"] == "amount")
    assert (amount["type"], amount["confidence"]) == ("number", 1.0)
    people = browser.get(f"{base}/people?limit=1").json()
    assert (people["count"], people["items"][0]["name"]) == (2, "bob@example.com")
    ann = browser.get(f"{base}/people/{number_of(product, 'ann')}").json()
    assert (ann["name"], sorted(ann["distinct_ids"])) == ("Ann Lee", ["ann", "anon"])
    timeline = browser.get(f"{base}/people/{ann['number']}/events?limit=2").json()
    assert [one["event"] for one in timeline] == ["visit", "order"]
    last = timeline[-1]
    older = browser.get(f"{base}/people/{ann['number']}/events", {"before": last["time"], "last": last["uuid"]}).json()
    assert [one["distinct_id"] for one in older] == ["anon"]


def test_suggestions_prefer_what_is_frequent(shop, product) -> None:
    from yunying.apps.tracking.selectors import catalogue_for, event_names, property_names, property_values

    assert [row.name for row in event_names(product.pk)] == ["visit", "order"]
    assert [row.name for row in property_names(product.pk, "order")] == ["amount"]
    assert [row.name for row in property_names(product.pk, None, "PAT")] == ["path"]
    assert [str(row) for row in property_values(product.pk, "plan", of="person")] == ["free", "pro"]
    known = catalogue_for(product.pk)
    assert known.knows_event("order")
    assert not known.knows_event("refund")
    assert known.knows_property("person", "plan")
    assert not known.knows_property("event", "plan")


def test_event_values_of_the_last_ninety_days_are_suggested(write, event, product) -> None:
    from yunying.apps.tracking.selectors import property_values
    from yunying.base import clock

    now_ms = int(clock.now().timestamp() * 1000)
    write(*(event("ann", ts_ms=now_ms, path=path) for path in ("/tea", "/tea", "/cup", "")))
    assert [(one.value, one.volume) for one in property_values(product.pk, "path", "")] == [("/tea", 2), ("/cup", 1)]
    assert [one.value for one in property_values(product.pk, "path", "CU")] == ["/cup"]


@pytest.mark.parametrize(
    ("page", "topic"), [("catalogue", "catalogue"), ("properties", "catalogue"), ("people", "people")]
)
def test_pages_about_data_link_to_their_help(browser, product, page, topic) -> None:
    assert f'href="/help/{topic}"' in browser.get(reverse(f"tracking:{page}", args=[product.slug])).content.decode()
    assert browser.get(f"/help/{topic}").status_code == 200


def test_values_are_suggested_of_the_ninety_days_up_to_the_newest_event(write, event, product) -> None:
    from yunying.apps.tracking.selectors import property_values

    day = 24 * 60
    write(event("ann", minute=-91 * day, size="old"), event("ann", minute=-89 * day, size="S"), event("bob", size="L"))
    assert {str(value) for value in property_values(product.pk, "size")} == {"S", "L"}

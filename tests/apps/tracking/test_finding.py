"""Finding people and accounts: search, conditions, days, order and pages, on both real stores."""

import json
from datetime import date

import pytest
from django.urls import reverse

from yunying.apps.tracking.models import Account, DistinctId, EventDefinition, PropertyDefinition
from yunying.apps.tracking.people.accounts import FoundAccounts, account_days, people_of_account
from yunying.apps.tracking.people.activity import account_timeline, events_done, person_timeline, sessions_of
from yunying.apps.tracking.people.finding import FoundPeople, Wanted, person_filter
from yunying.apps.tracking.people.rows import people
from yunying.base.errors import InvalidInput
from yunying.events.event import Link, LinkKind, Op, OpKind
from yunying.store import Sql

DAY = 24 * 60


def set_(**values: object) -> list[Op]:
    return [Op(OpKind.SET, key, value) for key, value in values.items()]


@pytest.fixture
def crowd(write, event) -> None:
    """Ann (two ids, known) and 王芳, who are customers of Acme, Bob who is old, and Eve of whom nothing is known."""
    ann = [Link(LinkKind.IDENTIFY, "anon", "ann")]
    write(
        event("anon", minute=-5 * DAY),
        event("ann", minute=1, links=ann, person_ops=set_(name="Ann Lee", plan="pro", age=41)),
        event("bob", minute=-90 * DAY, person_ops=set_(email="bob@example.com", plan="free", age=9)),
        event("fang", minute=2, person_ops=set_(name="王芳", city="上海", plan="pro", age="30")),
        event("eve", minute=3),
    )


def names(product, sort: str = "-born", **wanted: object) -> list[str]:
    return [row.distinct_id for row in FoundPeople(product, Wanted(**wanted), sort)]


def condition(operator: str, *values: object, name: str = "plan") -> dict[str, object]:
    items = [{"of": "person", "property": name, "operator": operator, "values": list(values)}]
    return {"filters": person_filter(json.dumps(items))}


def test_everybody_is_found_once_newest_first(crowd, product) -> None:
    assert names(product) == ["eve", "fang", "ann", "bob"]
    assert len(FoundPeople(product, Wanted())) == 4


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("ann", ["ann"]),
        ("ANON", ["ann"]),
        ("lee", ["ann"]),
        ("王", ["fang"]),
        ("上海", ["fang"]),
        ("b@exam", ["bob"]),
        ("plan", []),
        ('"', []),
        ("%", []),
        ("eve", ["eve"]),
    ],
)
def test_a_part_of_an_id_or_value_finds_a_person_and_the_name_of_a_property_nobody(crowd, product, query, who) -> None:
    assert names(product, query=query) == who


@pytest.mark.parametrize(
    ("wanted", "who"),
    [
        (condition("exact", "pro"), ["fang", "ann"]),
        (condition("is_not", "pro"), ["eve", "bob"]),
        (condition("is_set"), ["fang", "ann", "bob"]),
        (condition("is_not_set"), ["eve"]),
        (condition("contains", "RE"), ["bob"]),
        (condition("regex", "^p"), ["fang", "ann"]),
        (condition("gt", 29, name="age"), ["fang", "ann"]),
        (condition("between", 9, 30, name="age"), ["fang", "bob"]),
        ({"identified": True}, ["ann"]),
        ({"identified": False}, ["eve", "fang", "bob"]),
        ({"first_from": date(2026, 3, 5)}, ["eve", "fang"]),
        ({"first_to": date(2026, 2, 28)}, ["ann", "bob"]),
        ({"seen_from": date(2026, 3, 5)}, ["eve", "fang", "ann"]),
        ({"unseen_since": date(2026, 3, 1)}, ["bob"]),
    ],
)
def test_conditions_leave_exactly_who_passes_them(crowd, product, wanted, who) -> None:
    assert names(product, **wanted) == who


def test_any_of_several_conditions_is_enough_when_asked_so(crowd, product) -> None:
    tree = (
        '{"op":"or","items":[{"of":"person","property":"city","operator":"exact","values":["上海"]},'
        '{"of":"person","property":"plan","operator":"exact","values":["free"]}]}'
    )
    assert names(product, filters=person_filter(tree)) == ["fang", "bob"]


def test_people_are_sorted_by_when_they_were_seen_last(crowd, product) -> None:
    assert names(product, sort="-seen") == ["eve", "fang", "ann", "bob"]
    rows = list(FoundPeople(product, Wanted(), "seen"))
    assert [row.distinct_id for row in rows] == ["bob", "ann", "fang", "eve"]
    by_page = [row.seen for row in FoundPeople(product, Wanted(), "born")]
    assert sorted(by_page) == [row.seen for row in rows]


def test_pages_follow_each_other_without_gap(write, event, product) -> None:
    write(*(event(f"id {number:03}", minute=number) for number in range(60)))
    found = FoundPeople(product, Wanted())
    pages = [row.distinct_id for start in (0, 25, 50) for row in found[start : start + 25]]
    assert pages == [f"id {number:03}" for number in reversed(range(60))]


def test_a_person_with_very_many_ids_is_found_by_each_of_them(write, event, product) -> None:
    write(event("one"))
    write(*(event(f"alias {n:03}", minute=n, links=[Link(LinkKind.MERGE, "one", f"alias {n:03}")]) for n in range(130)))
    assert len(FoundPeople(product, Wanted())) == 1
    assert names(product, query="alias 129") == ["one"]


def test_the_very_first_number_is_found_by_its_own_values_only(store, product) -> None:
    insert = (
        "INSERT INTO people (product, person, born, props, version, ids)"
        " SELECT {product:UInt32}, 0, now64(3), '{\"name\":\"Zoe\"}', 1, 'zoe'"
    )
    store.execute(Sql(insert, {"product": product.pk}))
    assert [row.name for row in FoundPeople(product, Wanted(query="zo"))] == ["Zoe"]
    assert len(FoundPeople(product, Wanted(query="nobody"))) == 0


@pytest.mark.parametrize(
    "text", ["[", '[{"of":"event","property":"a","operator":"is_set"}]', '{"op":"xor","items":[]}']
)
def test_what_is_no_filter_of_people_is_refused_in_words(text) -> None:
    with pytest.raises(InvalidInput) as error:
        person_filter(text)
    assert error.value.field.startswith("filters")


def test_a_list_shows_what_is_wrong_with_a_condition_and_keeps_it(crowd, browser, product) -> None:
    address = reverse("tracking:people", args=[product.slug])
    page = browser.get(f"{address}?f0.property=plan&f0.operator=regex&f0.value=(").content.decode()
    assert "is not valid" in page
    assert 'value="("' in page
    page = browser.get(f"{address}?f0.property=age&f0.operator=between&f0.value=3").content.decode()
    assert "two for" in page


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_no_event_can_have_is_refused_in_words(crowd, browser, product, day) -> None:
    answer = browser.get(reverse("tracking:people", args=[product.slug]), {"first_to": day})
    assert answer.status_code == 400
    assert "between 1901 and 2199" in answer.content.decode()
    base = f"/api/v1/products/{product.slug}/data/people"
    assert browser.get(base, {"unseen_since": day}).json()["code"] == "people.day"


def test_odd_characters_in_a_search_find_nobody(crowd, browser, product) -> None:
    page = browser.get(reverse("tracking:people", args=[product.slug]), {"q": "\x00\\'{text:String}"}).content.decode()
    assert "Nothing matches" in page


def test_conditions_are_added_and_taken_away_by_buttons(crowd, browser, product) -> None:
    address = reverse("tracking:people", args=[product.slug])
    both = "f0.property=plan&f0.operator=exact&f0.value=pro&f1.property=city&f1.operator=is_set"
    page = browser.get(f"{address}?{both}&do=add").content.decode()
    assert 'name="f2.property"' in page
    page = browser.get(f"{address}?{both}&do=drop-0&sort=seen", follow=True).content.decode()
    assert 'name="f1.property"' not in page
    assert 'name="f0.property" id="f0-property" value="city"' in page
    assert 'name="sort" value="seen"' in page


def test_the_list_is_exported_as_it_is_narrowed(crowd, browser, product) -> None:
    address = reverse("tracking:people", args=[product.slug])
    answer = browser.get(f"{address}?f0.property=plan&f0.operator=exact&f0.value=pro&export=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("王芳,fang")


def test_values_are_suggested_for_the_property_typed(crowd, browser, product) -> None:
    address = reverse("tracking:person_values", args=[product.slug])
    page = browser.get(f"{address}?f1.property=plan&f1.operator=exact&f1.value=f").content.decode()
    assert 'value="free"' in page
    assert "pro" not in page


def test_the_api_finds_people_the_same_way(crowd, browser, product) -> None:
    base = f"/api/v1/products/{product.slug}/data/people"
    assert browser.get(base, {"property": "plan", "value": "pro", "sort": "born"}).json()["count"] == 2
    items = browser.get(base, {"q": "王"}).json()["items"]
    assert [(one["name"], one["last_seen"]) for one in items] == [("王芳", "2026-03-05T12:02:00Z")]
    assert browser.get(base, {"filters": "["}).status_code == 400
    assert browser.get(base, {"identified": "true", "seen_from": "2026-03-05"}).json()["count"] == 1


def test_a_person_page_says_since_when_a_property_holds_and_what_sent_a_merge(crowd, browser, product) -> None:
    number = DistinctId.objects.get(product=product, distinct_id="ann").owner
    page = browser.get(reverse("tracking:person", args=[product.slug, number])).content.decode()
    assert "Since" in page
    assert "<td>Yunying</td>" in page
    assert "(signed in)" in page


def test_a_person_has_one_name_on_all_pages(crowd, browser, product) -> None:
    """The id of the sign-in, else the earliest, also where the person's number is that of another."""
    number = DistinctId.objects.get(product=product, distinct_id="ann").owner
    for known, first_ms, shown in ((True, 1, "ann"), (False, 1, "anon"), (False, 1 << 41, "ann")):
        DistinctId.objects.filter(product=product, distinct_id="ann").update(known=known)
        DistinctId.objects.filter(product=product, distinct_id="anon").update(first_ms=first_ms)
        assert [row.distinct_id for row in people(product.pk, [number])] == [shown]
        assert shown in [row.distinct_id for row in FoundPeople(product, Wanted())]


def test_a_condition_that_cannot_be_is_shown_with_its_fault(crowd, browser, product) -> None:
    for page in ("people", "accounts"):
        asked = {"f0.property": "plan", "f0.operator": "regex", "f0.value": "("}
        shown = browser.get(reverse(f"tracking:{page}", args=[product.slug]), asked).content.decode()
        assert '<details class="card mb-3" open>' in shown
        assert "trk-error" in shown
        assert "Clear" in shown


@pytest.mark.parametrize(("of", "name", "count"), [("person", "plan", 3), ("account", "plan", 2)])
def test_a_property_of_people_or_accounts_says_how_many_have_it_and_lists_them(
    crowd, customers, browser, product, of, name, count
) -> None:
    row = PropertyDefinition.objects.get(product=product, of=of, name=name)
    page = browser.get(reverse("tracking:property", args=[product.slug, row.pk])).content.decode()
    listed = reverse(f"tracking:{'people' if of == 'person' else 'accounts'}", args=[product.slug])
    assert f'<a href="{listed}?f0.property={name}&amp;f0.operator=is_set">{count}</a>' in page
    assert "no counts by day" in page
    assert f"of {count}" in browser.get(f"{listed}?f0.property={name}&f0.operator=is_set").content.decode()


def test_a_time_line_shows_one_event_only_when_asked(write, event, browser, product) -> None:
    write(event("ann", "visit", minute=1), event("ann", "order", minute=2), event("ann", "visit", minute=3))
    number = DistinctId.objects.get(product=product, distinct_id="ann").owner
    assert events_done(product.pk, number=number) == [("visit", 2), ("order", 1)]
    only = person_timeline(product.pk, number, event="order")
    assert [one.name for one in only] == ["order"]
    page = browser.get(reverse("tracking:person", args=[product.slug, number]) + "?event=order").content.decode()
    assert "<span>order</span>" in page
    assert "<span>visit</span>" not in page


def test_sessions_have_begin_length_and_events(write, event, browser, product) -> None:
    write(
        event("ann", "visit", minute=0, session="s1"),
        event("ann", "visit", minute=4, session="s1"),
        event("ann", "order", minute=10, session="s1"),
        event("ann", "visit", minute=100, session="s2"),
        event("ann", "visit", minute=200),
    )
    number = DistinctId.objects.get(product=product, distinct_id="ann").owner
    late, early = sessions_of(product.pk, number)
    assert (late.id, late.events, late.length_s) == ("s2", 1, 0)
    assert (early.events, early.length_s, early.names) == (3, 600, [("visit", 2), ("order", 1)])
    page = browser.get(reverse("tracking:person", args=[product.slug, number]) + "?show=sessions").content.decode()
    assert "visit × 2" in page
    EventDefinition.objects.filter(product=product, name="visit").update(title_en="Looked in")
    page = browser.get(reverse("tracking:person", args=[product.slug, number]) + "?show=sessions").content.decode()
    assert "Looked in × 2" in page


@pytest.fixture
def customers(write, event) -> None:
    write(
        event("ann", minute=1, account="acme", account_ops=set_(name="Acme Ltd", plan="gold")),
        event("bob", minute=2, account="acme"),
        event("bob", "order", minute=3, account="acme"),
        event("eve", minute=4, account="星火", account_ops=set_(plan="free")),
    )


def test_accounts_are_found_by_key_value_and_condition(customers, product) -> None:
    def keys(query: str = "", tree: str = "", sort: str = "key") -> list[str]:
        filters = person_filter(tree) if tree else None
        return [row.key for row in FoundAccounts(product, query, filters, sort)]

    assert keys() == ["acme", "星火"]
    assert keys("ltd") == ["acme"]
    assert keys("星") == ["星火"]
    assert keys(sort="-people") == ["acme", "星火"]
    assert keys(sort="-seen") == ["星火", "acme"]
    acme = FoundAccounts(product)[0]
    assert (acme.name, acme.people, acme.events) == ("Acme Ltd", 2, 3)


def test_an_account_page_shows_properties_people_activity_and_events(customers, browser, product) -> None:
    account = Account.objects.get(product=product, key="acme")
    page = browser.get(reverse("tracking:account", args=[product.slug, account.pk])).content.decode()
    for text in ("Acme Ltd", "gold", "2 people", "<span>order</span>"):
        assert text in page
    assert people_of_account(product.pk, "acme").total == 2
    bob = DistinctId.objects.get(product=product, distinct_id="bob").owner
    events = page.partition('id="timeline"')[2]
    assert f'<a href="{reverse("tracking:person", args=[product.slug, bob])}">bob</a>' in events
    assert len(account_timeline(product.pk, "acme")) == 3
    assert [(day.events, day.people) for day in account_days(product, "acme", date(2026, 3, 5))][-1] == (3, 2)


def test_the_list_of_accounts_takes_conditions_of_accounts(customers, browser, product) -> None:
    address = reverse("tracking:accounts", args=[product.slug])
    page = browser.get(f"{address}?f0.property=plan&f0.operator=exact&f0.value=gold").content.decode()
    assert "Acme Ltd" in page
    assert "星火" not in page


def test_the_api_lists_accounts(customers, browser, product) -> None:
    items = browser.get(f"/api/v1/products/{product.slug}/data/accounts", {"q": "acme"}).json()["items"]
    assert [(one["key"], one["people"], one["events"]) for one in items] == [("acme", 2, 3)]


def test_a_viewer_sees_no_accounts(customers, people, as_user, product) -> None:
    account = Account.objects.get(product=product, key="acme")
    chen = as_user(people.chen)
    assert chen.get(reverse("tracking:accounts", args=[product.slug])).status_code == 403
    assert chen.get(reverse("tracking:account", args=[product.slug, account.pk])).status_code == 403


def test_time_lines_call_events_and_properties_as_the_catalogue_does(customers, access, browser, product) -> None:
    from yunying.apps.tracking.models import EventDefinition, PropertyDefinition
    from yunying.apps.tracking.services import describe

    order = EventDefinition.objects.get(product=product, name="order")
    plan = PropertyDefinition.objects.get(product=product, of="account", name="plan")
    describe(access=access, entries=[order], words={"title_zh": "下单"})
    describe(access=access, entries=[plan], words={"title_en": "Contract"})
    account = Account.objects.get(product=product, key="acme")
    page = browser.get(reverse("tracking:account", args=[product.slug, account.pk])).content.decode()
    assert "<span>下单</span>" in page
    assert "Contract" in page

"""Templates of metrics: what they bind to, what they count, and the metrics they become."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from tests.apps.insights.shop import event
from yunying.apps.insights.metric_templates.binding import Binding, How
from yunying.apps.insights.metric_templates.catalogue import REVENUE, TEMPLATES, Kind, templates_of
from yunying.apps.insights.metric_templates.drafts import draft_of, existing, preview_of
from yunying.apps.insights.metric_templates.roles import ROLES
from yunying.apps.insights.metric_templates.services import create_from
from yunying.apps.insights.models import Metric, Unit
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import EventDefinition
from yunying.apps.tracking.services import describe
from yunying.base.errors import NotAllowed

BY_KEY = {one.key: one for one in TEMPLATES}


def seen(product, *names: str, **props: object) -> None:
    """One event of each name by one person in the week before the clock of the tests."""
    made = [event(product.pk, "lin", f"2026-02-24T10:{index:02}", name, **props) for index, name in enumerate(names)]
    Ingest().write(made, token=f"{product.pk}-{names}")


def test_every_kind_of_product_has_templates_and_every_template_a_kind() -> None:
    assert all(len(templates_of(kind)) >= 8 for kind in Kind)
    assert all(one.kinds for one in TEMPLATES)
    assert len(BY_KEY) == len(TEMPLATES)
    known = {*ROLES, REVENUE, "account", "session"}
    assert {need for one in TEMPLATES for need in one.needs} <= known


def test_no_usual_name_means_two_things() -> None:
    names = [name for role in ROLES.values() for name in role.names]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("$pageview", "view"),
        ("page", "view"),
        ("$AppViewScreen", "view"),
        ("Order Completed", "order"),
        ("order_paid", "order"),
        ("支付订单", "order"),
        ("sign_up", "sign_up"),
        ("User Signed Up", "sign_up"),
        ("注册", "sign_up"),
        ("add_to_cart", "cart"),
        ("Product Added", "cart"),
        ("level_start", "level_start"),
        ("Ticket Created", "ticket"),
    ],
)
def test_usual_names_of_several_sdks_bind(store, product, name, role) -> None:
    seen(product, name)
    found = Binding(product).found[role]
    assert (found.need.event, found.how) == (name, How.NAME)


def test_a_marked_event_comes_before_a_usual_name(store, access, product) -> None:
    seen(product, "order", "bought", paid=5)
    bought = EventDefinition.objects.get(product=product, name="bought")
    words = {"is_order": True, "revenue_property": "paid", "revenue_currency": "EUR"}
    describe(access=access, entries=[bought], words=words)
    binding = Binding(product)
    assert (binding.found["order"].need.event, binding.found["order"].how) == ("bought", How.MARK)
    assert (binding.found[REVENUE].need.amount, binding.found[REVENUE].currency) == ("paid", "EUR")
    assert binding.currency(BY_KEY["revenue"]) == "EUR"


def test_an_event_chosen_by_hand_comes_first(store, product) -> None:
    seen(product, "order", "bought", price="3.50")
    binding = Binding(product, {"order": "bought", REVENUE: "bought"}, "price")
    assert (binding.found["order"].need.event, binding.found["order"].how) == ("bought", How.HAND)
    assert binding.found[REVENUE].need.amount == "price"
    assert Binding(product, {"order": "no such event"}).found["order"].need.event == "order"


def test_what_cannot_bind_says_which_event_is_missing(store, product) -> None:
    assert Binding(product).missing(BY_KEY["dau"]) == ["event"]
    seen(product, "visit")
    binding = Binding(product)
    assert binding.missing(BY_KEY["dau"]) == []
    assert binding.missing(BY_KEY["cart_to_order"]) == ["order", "cart"]
    assert binding.missing(BY_KEY["order_value"]) == [REVENUE, "order"]
    assert binding.missing(BY_KEY["active_accounts"]) == ["account"]
    assert binding.missing(BY_KEY["sessions"]) == ["session"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_every_template_is_a_question_the_engine_answers(store, access, product, clock, template) -> None:
    names = [ROLES[need].names[0] for one in TEMPLATES for need in one.needs if need in ROLES]
    made = [
        event(product.pk, "lin", f"2026-02-{day}T10:00", name, amount=8)
        for day in (24, 25)
        for name in dict.fromkeys([*names, "order"])
    ]
    # The data reach over the end of the week, so that it is whole.
    made.append(event(product.pk, "lin", "2026-03-04T10:00", "visit"))
    for each in made:
        each.account, each.session = "acme", "s1"
    Ingest().write(made, token=f"all-{product.pk}")
    binding = Binding(product)
    assert binding.missing(template) == []
    point = preview_of(access, binding, template)
    assert point is not None
    assert point.value is not None or template.window == "day"


def test_numbers_are_those_of_the_definitions(shop, access, product, clock) -> None:
    """Of 2 to 4 March the tea shop has six orders of three people worth 170, and one page view of a fourth."""
    Ingest().write([event(product.pk, "lin", "2026-03-09T09:00", "page")], token=f"later-{product.pk}")
    clock.advance(timedelta(days=5))
    binding = Binding(product)

    def number(key: str) -> float | None:
        point = preview_of(access, binding, BY_KEY[key])
        return point.value if point else None

    assert number("orders") == 6
    assert number("buyers") == 3
    assert number("wau") == 4
    assert number("revenue") == pytest.approx(170)
    assert number("order_value") == pytest.approx(170 / 6)
    assert number("paying_share") == pytest.approx(3 / 4)
    assert number("arpu") == pytest.approx(170 / 4)
    assert number("new_people") == 4
    assert number("returning_people") == 0


def test_chosen_templates_become_metrics_once(shop, access, product) -> None:
    binding = Binding(product)
    chosen = [BY_KEY["orders"], BY_KEY["order_value"], BY_KEY["stickiness"]]
    made, refused = create_from(access=access, binding=binding, templates=chosen)
    assert ([one.name for one in made], refused) == (["Orders", "Average order value", "Stickiness"], [])
    value = Metric.objects.get(product=product, name="Average order value")
    assert (value.unit, value.currency, value.question["formula"]) == (Unit.MONEY, product.currency, "A / B")
    assert set(existing(binding, TEMPLATES)) == {one.key for one in chosen}
    again, refused = create_from(access=access, binding=binding, templates=chosen[:1])
    assert again == []
    assert "already" in refused[0].text


def test_a_metric_of_a_template_is_what_its_preview_showed(shop, access, product) -> None:
    binding = Binding(product)
    draft = draft_of(binding, BY_KEY["orders"])
    (made,), _refused = create_from(access=access, binding=binding, templates=[BY_KEY["orders"]])
    assert (made.question, made.window, made.unit) == (draft.question, draft.window, draft.unit)
    assert json.dumps(made.question)


def test_who_may_not_edit_reports_makes_nothing(shop, people, product) -> None:
    with pytest.raises(NotAllowed):
        create_from(access=people.access("chen"), binding=Binding(product), templates=[BY_KEY["orders"]])


def test_the_page_shows_kinds_bindings_numbers_and_what_is_missing(shop, browser, product) -> None:
    address = reverse("insights:metric_templates", args=[product.slug])
    page = browser.get(address).content.decode()
    assert "?kind=game" in page
    page = browser.get(f"{address}?kind=shop&numbers=1").content.decode()
    for text in ("Average order value", "found by its name", "Missing: Put into the cart"):
        assert text in page
    assert 'name="e.cart"' in page


def test_the_page_makes_metrics_of_the_ticked_templates(shop, browser, product) -> None:
    address = reverse("insights:metric_templates", args=[product.slug])
    answer = browser.post(f"{address}?kind=shop&e.cart=page", {"template": ["cart_share", "buyers", "refund_rate"]})
    assert answer["Location"] == reverse("insights:metrics", args=[product.slug])
    names = set(Metric.objects.filter(product=product).values_list("name", flat=True))
    assert names == {"People who fill a cart", "Buyers"}
    assert "There already" in browser.get(f"{address}?kind=shop").content.decode()
    assert browser.post(f"{address}?kind=shop", {}, follow=True).status_code == 200


def test_a_number_is_asked_for_by_itself(shop, browser, product, clock) -> None:
    Ingest().write([event(product.pk, "lin", "2026-03-09T09:00", "page")], token=f"later-{product.pk}")
    clock.advance(timedelta(days=5))
    address = reverse("insights:template_preview", args=[product.slug])
    assert "6" in browser.get(f"{address}?kind=shop&key=orders").content.decode()
    assert browser.get(f"{address}?kind=shop&key=tickets").status_code == 404


def test_a_viewer_makes_no_metrics(shop, people, as_user, product) -> None:
    address = reverse("insights:metric_templates", args=[product.slug])
    assert as_user(people.chen).get(address).status_code == 403

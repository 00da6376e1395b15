"""The catalogue: words, marks, volumes by day, many changes at once, sheets out and in, and the API."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from yunying.apps.tracking import selectors, services
from yunying.apps.tracking.catalogue.plan import apply_plan, plan_of
from yunying.apps.tracking.catalogue.sheet import COLUMNS, sheet_heads, sheet_rows, what_is_odd
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition
from yunying.base import clock
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.platform.audit.models import Entry


@pytest.fixture
def shop(write, event, product) -> None:
    """Orders and visits of March 2026, and one visit today."""
    now_ms = int(clock.now().timestamp() * 1000)
    write(
        event("ann", "visit", minute=1, path="/tea"),
        event("ann", "order", minute=2, amount=12.5, note="gift"),
        event("bob", "order", minute=3, amount="8"),
        event("bob", "visit", ts_ms=now_ms, path="/"),
    )


def order_of(product) -> EventDefinition:
    return EventDefinition.objects.get(product=product, name="order")


def describe(access, entry, **words) -> int:
    return services.describe(access=access, entries=[entry], words=words)


def test_marks_say_which_events_are_orders_sign_ups_and_revenue(shop, access, product) -> None:
    product.currency = "CNY"
    describe(access, order_of(product), is_order=True, revenue_property="amount")
    describe(access, EventDefinition.objects.get(product=product, name="visit"), is_sign_up=True)
    marks = {one.name: one for one in selectors.marked_events(product.pk)}
    assert (marks["order"].order, marks["order"].revenue, marks["order"].currency) == (True, "amount", "CNY")
    assert (marks["visit"].sign_up, marks["visit"].order, marks["visit"].revenue) == (True, False, "")


def test_revenue_is_taken_from_a_property_that_came_with_the_event(shop, access, product) -> None:
    with pytest.raises(InvalidInput) as error:
        describe(access, order_of(product), revenue_property="price")
    assert error.value.field == "revenue_property"
    with pytest.raises(InvalidInput):
        describe(access, order_of(product), revenue_property="amount", revenue_currency="yuan")
    assert selectors.marked_events(product.pk) == []


def test_taking_the_revenue_away_takes_its_currency_too(shop, access, product) -> None:
    describe(access, order_of(product), revenue_property="amount", revenue_currency="EUR")
    describe(access, order_of(product), revenue_property="")
    assert order_of(product).revenue_currency == ""


def test_titles_are_given_in_the_language_asked_for(shop, access, product) -> None:
    describe(access, order_of(product), title_zh="下单")
    amount = PropertyDefinition.objects.get(product=product, name="amount")
    describe(access, amount, title_en="Amount paid")
    chinese, english = selectors.titles(product.pk, "zh-hans"), selectors.titles(product.pk, "en")
    assert (chinese.event("order"), english.event("order"), english.event("visit")) == ("下单", "下单", "visit")
    assert english.property("event", "amount") == "Amount paid"
    assert english.property("person", "amount") == "amount"


def test_days_count_the_events_of_the_last_thirty_days_only(shop, product) -> None:
    days = selectors.daily_volumes(product)
    assert (len(days["visit"]), days["visit"][-1], sum(days["visit"])) == (30, 1, 1)
    assert "order" not in days
    assert selectors.property_days(product, "path")[-1] == 1


def test_what_a_word_changes_is_in_the_audit_log(shop, access, product) -> None:
    assert describe(access, order_of(product), category="Shop", state="live") == 1
    assert describe(access, order_of(product), category="Shop", state="live") == 0
    entry = Entry.objects.filter(product_id=product.pk, verb="event.described").get()
    assert entry.after == {"category": "Shop", "state": "live"}


def test_a_viewer_describes_and_announces_nothing(shop, people, product) -> None:
    chen = people.access("chen")
    with pytest.raises(NotAllowed):
        describe(chen, order_of(product), category="Shop")
    with pytest.raises(NotAllowed):
        services.announce_event(access=chen, name="later")


def test_an_owner_is_a_member_of_the_product(shop, people, access, product) -> None:
    describe(access, order_of(product), owner_id=people.bo.pk)
    assert order_of(product).owner == people.bo
    with pytest.raises(InvalidInput):
        describe(access, order_of(product), owner_id=people.dee.pk)


def test_an_announced_event_is_not_suggested_until_it_comes(access, write, event, product) -> None:
    made = services.announce_event(access=access, name="refund")
    describe(access, made, title_en="Money back", state="draft")
    assert selectors.event_names(product.pk) == []
    assert not selectors.catalogue_for(product.pk).knows_event("refund")
    assert what_is_odd(made) == "Never came"
    write(event("ann", "refund", minute=1))
    made.refresh_from_db()
    assert (made.volume, made.title_en, made.first_seen is not None) == (1, "Money back", True)
    assert [row.name for row in selectors.event_names(product.pk)] == ["refund"]


def test_a_property_of_mixed_types_is_odd(write, event, product) -> None:
    write(*(event("ann", minute=n, size="L" if n % 3 else n) for n in range(5)))
    size = PropertyDefinition.objects.get(product=product, name="size")
    assert what_is_odd(size).startswith("Mixed types: 60")


def test_hidden_entries_leave_the_list_and_come_back_by_the_filter(shop, access, browser, product) -> None:
    describe(access, order_of(product), hidden=True)
    address = reverse("tracking:catalogue", args=[product.slug])
    assert ">order</a>" not in browser.get(address).content.decode()
    assert ">order</a>" in browser.get(f"{address}?hidden=yes").content.decode()
    assert ">visit</a>" in browser.get(f"{address}?hidden=all").content.decode()
    assert order_of(product).volume == 2


def test_the_list_shows_volumes_marks_and_what_is_odd(shop, access, browser, product) -> None:
    describe(access, order_of(product), is_order=True, revenue_property="amount", revenue_currency="CNY")
    page = browser.get(reverse("tracking:catalogue", args=[product.slug])).content.decode()
    assert "Order, Revenue" in page
    assert "Nothing for 7 days" in page
    odd = browser.get(reverse("tracking:catalogue", args=[product.slug]) + "?odd=yes").content.decode()
    assert ">visit</a>" not in odd


def test_ticked_entries_are_changed_together(shop, browser, product) -> None:
    address = reverse("tracking:catalogue", args=[product.slug])
    answer = browser.post(address, {"change": "category", "category": "Shop", "pick": [order_of(product).pk]})
    assert answer.status_code == 302
    assert set(EventDefinition.objects.filter(product=product, category="Shop").values_list("name", flat=True)) == {
        "order"
    }


def test_everything_that_is_found_is_changed_together(shop, browser, product) -> None:
    address = reverse("tracking:properties", args=[product.slug])
    browser.post(f"{address}?q=a", {"change": "hide", "everything": "on"})
    hidden = PropertyDefinition.objects.filter(product=product, hidden=True).values_list("name", flat=True)
    assert set(hidden) == {"amount", "path"}


def test_nothing_ticked_is_said_and_a_viewer_changes_nothing(shop, browser, people, as_user, product) -> None:
    address = reverse("tracking:catalogue", args=[product.slug])
    answer = browser.post(address, {"change": "hide"})
    assert answer.status_code == 422
    assert "Tick the entries" in answer.content.decode()
    assert as_user(people.chen).post(address, {"change": "hide", "everything": "on"}).status_code == 403


def test_an_event_page_shows_examples_and_takes_all_words(shop, browser, product) -> None:
    address = reverse("tracking:event", args=[product.slug, order_of(product).pk])
    assert "12.5" in browser.get(address).content.decode()
    words = {"title_en": "Order placed", "state": "live", "is_order": "on", "revenue_property": "amount"}
    assert browser.post(address, {**words, "revenue_currency": "usd"}).status_code == 302
    found = order_of(product)
    assert (found.state, found.is_order, found.revenue_currency) == ("live", True, "USD")
    answer = browser.post(address, {**words, "revenue_currency": "us"})
    assert answer.status_code == 422
    assert "three letters" in answer.content.decode()


def test_a_property_page_shows_the_events_that_carry_it(shop, browser, product) -> None:
    amount = PropertyDefinition.objects.get(product=product, name="amount")
    page = browser.get(reverse("tracking:property", args=[product.slug, amount.pk])).content.decode()
    assert reverse("tracking:event", args=[product.slug, order_of(product).pk]) in page
    assert "Types of its values" in page


def sheet(*rows: dict[str, str], heads: dict[str, str] | None = None) -> bytes:
    """A CSV with the columns of the rows' keys; `heads` renames them."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([(heads or {}).get(key, key) for key in keys])
    writer.writerows([[row.get(key, "") for key in keys] for row in rows])
    return out.getvalue().encode()


def applied(access, content: bytes, name: str = "plan.csv"):
    plan = plan_of(access, name, content)
    done, refused = apply_plan(access, [change.to_json() for change in plan.changes])
    return plan, done, refused


def test_a_sheet_in_chinese_describes_and_announces(shop, access, people, product) -> None:
    content = sheet(
        {
            "事件英文名": "order",
            "中文名": "下单",
            "分类/页面": "商城",
            "触发时机": "支付成功",
            "属性名": "amount",
            "属性中文": "金额",
            "状态": "上线",
        },
        {"属性名": "note", "属性中文": "备注", "必填": "是", "枚举": "gift"},
        {"事件英文名": "refund", "中文名": "退款", "状态": "草拟", "负责人": people.bo.email},
    )
    plan, done, refused = applied(access, content)
    assert (plan.problems, plan.unknown, refused, done) == ([], [], [], 4)
    found = order_of(product)
    assert (found.title_zh, found.category, found.trigger, found.state) == ("下单", "商城", "支付成功", "live")
    note = PropertyDefinition.objects.get(product=product, name="note")
    assert (note.title_zh, note.required, note.allowed) == ("备注", True, "gift")
    refund = EventDefinition.objects.get(product=product, name="refund")
    assert (refund.volume, refund.state, refund.owner) == (0, "draft", people.bo)


def test_what_was_exported_changes_nothing_when_it_comes_back(shop, access, product) -> None:
    describe(access, order_of(product), title_zh="下单", is_order=True, revenue_property="amount", state="live")
    rows = [sheet_heads(), *sheet_rows(access)]
    out = io.StringIO()
    csv.writer(out).writerows([["" if cell is None else cell for cell in row] for row in rows])
    plan = plan_of(access, "catalogue.csv", out.getvalue().encode())
    assert [(change.name, change.words) for change in plan.changes] == []
    assert plan.problems == []


def test_an_excel_sheet_is_exported_and_read(shop, access, browser, product) -> None:
    from openpyxl import load_workbook

    answer = browser.get(reverse("tracking:catalogue_xlsx", args=[product.slug]))
    content = b"".join(answer.streaming_content)
    book = load_workbook(io.BytesIO(content))
    cells = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert len(cells[0]) == len(COLUMNS)
    assert [row[0] for row in cells[1:]] == ["order", "order", "visit"]
    book.worksheets[0]["B2"] = "下单"
    changed = io.BytesIO()
    book.save(changed)
    _plan, done, _refused = applied(access, changed.getvalue(), "catalogue.xlsx")
    assert (done, order_of(product).title_zh) == (1, "下单")


def test_cells_that_cannot_be_used_are_named_with_their_line(shop, access) -> None:
    content = sheet(
        {"event": "order", "state": "finished", "owner": "", "is_order": ""},
        {"event": "visit", "state": "live", "owner": "nobody@example.com", "is_order": "perhaps"},
        {"event": "", "state": "live"},
        {"event": "order", "property_of": "planet", "property": "x"},
    )
    plan = plan_of(access, "plan.csv", content)
    assert [problem.line for problem in plan.problems] == [2, 3, 3, 5]
    assert {change.name for change in plan.changes} == {"visit"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.csv", b"\xff\xfe\x00\x00\x00"),
        ("a.csv", b"colour,size\nred,1\n"),
        ("a.csv", b""),
    ],
)
def test_a_file_that_is_no_sheet_is_refused_in_words(shop, access, name, content) -> None:
    with pytest.raises(InvalidInput) as error:
        plan_of(access, name, content)
    assert error.value.field == "file"


def test_a_sheet_written_by_excel_in_chinese_is_read(shop, access, product) -> None:
    content = "事件英文名,中文名\norder,下单\n".encode("gb18030")
    applied(access, content)
    assert order_of(product).title_zh == "下单"


def test_a_sheet_is_looked_at_before_it_is_written(shop, browser, product) -> None:
    address = reverse("tracking:catalogue_load", args=[product.slug])
    file = SimpleUploadedFile("plan.csv", sheet({"event": "order", "category": "Shop", "colour": "red"}))
    page = browser.post(address, {"file": file}).content.decode()
    assert "Nothing is kept of these columns: colour" in page
    assert order_of(product).category == ""
    changes = '[{"of": "name", "name": "order", "words": {"category": "Shop"}}]'
    assert changes.replace('"', "&quot;") in page
    assert browser.post(address, {"changes": changes}).status_code == 302
    assert order_of(product).category == "Shop"


@pytest.mark.parametrize("changes", ["{", '{"a": 1}', '[{"of": "planet", "name": "x", "words": {}}]', '["x"]'])
def test_changes_that_were_tampered_with_are_refused(shop, browser, product, changes) -> None:
    answer = browser.post(reverse("tracking:catalogue_load", args=[product.slug]), {"changes": changes})
    assert answer.status_code == 400


def test_the_api_describes_announces_and_refuses(shop, browser, product) -> None:
    base = f"/api/v1/products/{product.slug}/data"

    def send(method: str, path: str, body: dict[str, object]):
        return getattr(browser, method)(f"{base}{path}", body, content_type="application/json")

    pk = order_of(product).pk
    changed = send("patch", f"/events/{pk}", {"is_order": True, "revenue_property": "amount"})
    assert (changed.status_code, changed.json()["revenue_property"]) == (200, "amount")
    assert send("patch", f"/events/{pk}", {"volume": 3}).status_code in (400, 422)
    assert send("patch", f"/events/{pk}", {"state": "done"}).json()["code"] == "catalogue.state"
    assert send("patch", f"/events/{pk}", {"title_en": None}).status_code == 400
    made = send("post", "/events", {"name": "refund"})
    assert (made.status_code, made.json()["first_seen"]) == (201, None)
    amount = PropertyDefinition.objects.get(product=product, name="amount")
    assert send("patch", f"/properties/{amount.pk}", {"required": True}).json()["required"] is True
    assert browser.get(f"{base}/events/{pk}").json()["is_order"] is True


def test_nothing_changes_when_one_of_many_is_refused(shop, access, product) -> None:
    entries = list(EventDefinition.objects.filter(product=product).order_by("name"))
    with pytest.raises(InvalidInput):
        services.describe(access=access, entries=entries, words={"revenue_property": "amount", "category": "Shop"})
    assert not EventDefinition.objects.filter(product=product, category="Shop").exists()


def test_days_of_a_product_are_those_of_its_zone(write, event, product) -> None:
    midnight = clock.now().astimezone(product.zone).replace(hour=0, minute=5, second=0, microsecond=0)
    write(event("ann", "late", ts_ms=int((midnight - timedelta(minutes=10)).timestamp() * 1000)))
    assert selectors.daily_volumes(product)["late"][-2:] == (1, 0)


def test_a_property_of_many_events_looks_alike_on_each_of_its_lines(write, event, access) -> None:
    write(*(event("ann", name, minute=1, a=1, b=2) for name in ("first", "second", "third")))
    at = {column.key: place for place, column in enumerate(COLUMNS)}
    lines = list(sheet_rows(access))
    assert [(line[0], line[at["property"]]) for line in lines] == [
        (name, of) for name in ("first", "second", "third") for of in "ab"
    ]
    further = [line for line in lines if line[at["property"]] == "b"]
    assert len({tuple(line[1:]) for line in further}) == 1
    assert (further[0][at["seen"]], further[0][at["type"]], further[0][at["title_en"]]) == ("2", "Number", None)


def test_a_sheet_beyond_what_a_workbook_is_made_of_is_offered_as_csv(shop, browser, product, monkeypatch) -> None:
    monkeypatch.setattr("yunying.apps.tracking.pages.sheet.MOST_LINES", 2)
    answer = browser.get(reverse("tracking:catalogue_xlsx", args=[product.slug]))
    assert answer.status_code >= 400
    assert "Take the CSV file instead." in answer.content.decode()
    assert browser.get(reverse("tracking:catalogue_csv", args=[product.slug])).status_code == 200


def test_a_list_of_the_catalogue_makes_addresses_for_its_page_only(access, browser, product, monkeypatch) -> None:
    rows = [EventDefinition(product=product, name=f"e{number:03}", volume=1) for number in range(120)]
    EventDefinition.objects.bulk_create(rows)
    from yunying.apps.tracking.pages import catalogue

    made: list[str] = []
    address = catalogue.reverse
    monkeypatch.setattr(catalogue, "reverse", lambda name, **more: made.append(name) or address(name, **more))
    page = browser.get(reverse("tracking:catalogue", args=[product.slug])).content.decode()
    assert page.count("/data/catalogue/events/") >= 25
    assert 25 <= made.count("tracking:event") <= 50

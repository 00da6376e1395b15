from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from tests.conftest import Cast
from yunying.apps.insights.dashboards import mails
from yunying.apps.insights.dashboards.drawing.page import Sheet
from yunying.apps.insights.dashboards.faces import Face
from yunying.apps.insights.dashboards.mails import _rows, send_delivery, way_out
from yunying.apps.insights.dashboards.models import Dashboard, Delivery, Mailing, Recipient, Subscription
from yunying.apps.insights.dashboards.services import add_tile, save_variant
from yunying.apps.insights.dashboards.subscriptions import due_deliveries, latest_occurrence, subscribe
from yunying.apps.insights.dashboards.tasks import mail_dashboard, mail_dashboards
from yunying.apps.insights.models import Report
from yunying.base.clock import FixedClock
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.platform.accounts.models import User
from yunying.platform.jobs.testing import drain
from yunying.platform.notify.models import Notification
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Member
from yunying.platform.ui.charts import Chart, ChartKind, Series

# The clock stands at Thursday 5 March 2026, 20:00 in Shanghai.
THURSDAY, FRIDAY = 4, 5


@pytest.fixture
def ordered(people: Cast, access: ProductAccess, dashboard: Dashboard) -> Subscription:
    ids = [people.ada.pk, people.bo.pk]
    return subscribe(access=access, dashboard=dashboard, user_ids=ids, weekdays=[FRIDAY], hour=9)


def test_nothing_is_due_before_its_hour(ordered: Subscription, clock: FixedClock) -> None:
    assert due_deliveries(clock.now()) == []
    clock.advance(timedelta(hours=12, minutes=59))
    assert due_deliveries(clock.now()) == []
    clock.advance(timedelta(minutes=1))
    assert len(due_deliveries(clock.now())) == 1
    assert Delivery.objects.get().due_at == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)


def test_an_occurrence_is_mailed_once_however_often_the_schedule_runs(
    ordered: Subscription, clock: FixedClock, mailoutbox: list[mail.EmailMultiAlternatives]
) -> None:
    clock.advance(timedelta(hours=13))
    for _turn in range(3):
        mail_dashboards()
        drain()
    assert sorted(one.to[0] for one in mailoutbox) == ["ada@example.com", "bo@example.com"]
    clock.advance(timedelta(days=7))
    mail_dashboards()
    drain()
    assert len(mailoutbox) == 4


def test_the_mail_shows_pictures_numbers_and_the_way_out(
    ordered: Subscription, clock: FixedClock, mailoutbox: list[mail.EmailMultiAlternatives], people: Cast
) -> None:
    people.ada.language = "zh-hans"
    people.ada.save(update_fields=["language"])
    clock.advance(timedelta(hours=13))
    mail_dashboards()
    drain()
    sent = {one.to[0]: one for one in mailoutbox}
    letter = sent["bo@example.com"]
    html = str(letter.alternatives[0][0])
    assert "Monday meeting" in letter.subject
    assert 'src="cid:tile-2"' in html and "<h2>Tea</h2>" in html and "Daily orders" in html
    assert "Orders a day" in letter.body and "/p/tea/insights/dashboards/" in letter.body
    picture = letter.attachments[0]
    assert picture["Content-ID"] == "<tile-2>"
    assert picture.get_payload(decode=True).startswith(b"\x89PNG")
    assert letter.message().get_content_type() == "multipart/related"
    assert "/shared/mails/" in letter.extra_headers["List-Unsubscribe"]
    assert 'lang="zh-Hans"' in str(sent["ada@example.com"].alternatives[0][0])


def test_a_title_stands_once_and_the_picture_is_told_in_words(
    ordered: Subscription,
    clock: FixedClock,
    mailoutbox: list[mail.EmailMultiAlternatives],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []
    monkeypatch.setattr(Sheet, "text", lambda self, x, y, words, *look, **more: written.append(words))
    clock.advance(timedelta(hours=13))
    mail_dashboards()
    drain()
    html = str(mailoutbox[0].alternatives[0][0])
    assert html.count(">Orders a day<") == 1 and written == []
    assert 'alt="Chart of Orders a day. Its latest numbers are in the table below."' in html


def test_tiles_beyond_the_most_pictures_have_their_numbers_and_no_broken_picture(
    ordered: Subscription,
    access: ProductAccess,
    clock: FixedClock,
    mailoutbox: list[mail.EmailMultiAlternatives],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mails, "MOST_PICTURES", 1)
    report = Report.objects.get(name="Orders a day")
    add_tile(access=access, dashboard=ordered.dashboard, kind="report", report=report, title="Once more")
    clock.advance(timedelta(hours=13))
    mail_dashboards()
    drain()
    html = str(mailoutbox[0].alternatives[0][0])
    assert "Once more" in html and html.count('src="cid:') == len(mailoutbox[0].attachments) == 1


def test_a_variant_narrows_the_mail(
    people: Cast,
    access: ProductAccess,
    dashboard: Dashboard,
    clock: FixedClock,
    mailoutbox: list[mail.EmailMultiAlternatives],
) -> None:
    uk = "bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=uk)
    subscribe(access=access, dashboard=dashboard, user_ids=[people.ada.pk], weekdays=[FRIDAY], hour=9, variant=variant)
    clock.advance(timedelta(hours=13))
    mail_dashboards()
    drain()
    assert "Mar 2, 2026: 0\nMar 3, 2026: 1\n" in mailoutbox[0].body


def test_who_left_the_product_or_said_no_gets_nothing(
    ordered: Subscription, clock: FixedClock, mailoutbox: list[mail.EmailMultiAlternatives], people: Cast
) -> None:
    Member.objects.filter(user=people.bo).delete()
    mine = Recipient.objects.get(user=people.ada)
    out = Client()
    assert out.get(way_out(mine)).status_code == 200
    mine.refresh_from_db()
    assert mine.unsubscribed_at is None, "a look ends nothing"
    assert out.post(way_out(mine)).status_code == 200
    clock.advance(timedelta(hours=13))
    mail_dashboards()
    drain()
    assert mailoutbox == []


def test_an_invented_way_out_leads_nowhere(db: None) -> None:
    assert Client().post("/shared/mails/1:abc:def/").status_code == 404


def test_a_run_that_broke_off_mails_the_rest_and_nobody_twice(
    ordered: Subscription,
    clock: FixedClock,
    mailoutbox: list[mail.EmailMultiAlternatives],
    monkeypatch: pytest.MonkeyPatch,
    people: Cast,
) -> None:
    clock.advance(timedelta(hours=13))
    (number,) = due_deliveries(clock.now())
    honest = EmailBackend.send_messages

    def fails_for_bo(self: EmailBackend, messages: list[mail.EmailMessage]) -> int:
        if messages[0].to == ["bo@example.com"]:
            raise ConnectionError
        return honest(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", fails_for_bo)
    with pytest.raises(ConnectionError):
        mail_dashboard(number)
    assert Delivery.objects.get().done_at is None
    told = Notification.objects.get(user=people.ada)
    assert told.kind == "dashboard.mail_failed"
    monkeypatch.setattr(EmailBackend, "send_messages", honest)
    mail_dashboard(number)
    mail_dashboard(number)
    assert [one.to[0] for one in mailoutbox] == ["ada@example.com", "bo@example.com"]
    assert Mailing.objects.exclude(sent_at=None).count() == 2


def test_what_another_run_has_claimed_is_left_to_it(
    ordered: Subscription, clock: FixedClock, mailoutbox: list[mail.EmailMultiAlternatives], people: Cast
) -> None:
    clock.advance(timedelta(hours=13))
    (number,) = due_deliveries(clock.now())
    delivery = Delivery.objects.get(pk=number)
    mine = Recipient.objects.get(user=people.ada)
    Mailing.objects.create(delivery=delivery, recipient=mine, claimed_at=clock.now())
    send_delivery(delivery)
    assert [one.to[0] for one in mailoutbox] == ["bo@example.com"]


def test_mondays_numbers_are_not_mailed_on_tuesday(ordered: Subscription, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=13 + 13))
    assert due_deliveries(clock.now()) == []


def test_a_public_holiday_is_left_out_where_that_is_wanted(ordered: Subscription) -> None:
    ordered.weekdays = [1, 2, 3, 4, 5]
    # National Day 2025: Wednesday 1 October; the last working day before is Tuesday.
    noon = datetime(2025, 10, 1, 4, 0, tzinfo=UTC)
    assert latest_occurrence(ordered, noon) == datetime(2025, 10, 1, 1, 0, tzinfo=UTC)
    ordered.skip_holidays = True
    assert latest_occurrence(ordered, noon) == datetime(2025, 9, 30, 1, 0, tzinfo=UTC)


def test_an_hour_that_the_clock_skips_is_the_moment_of_the_jump(ordered: Subscription) -> None:
    ordered.dashboard.product.timezone = "Europe/London"
    ordered.weekdays, ordered.hour = [7], 1
    # Sunday 29 March 2026: 1:00 becomes 2:00.
    at = latest_occurrence(ordered, datetime(2026, 3, 29, 5, 0, tzinfo=UTC))
    assert at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_who_may_only_look_orders_for_themselves_alone(people: Cast, dashboard: Dashboard) -> None:
    chen = people.access("chen")
    subscribe(access=chen, dashboard=dashboard, user_ids=[people.chen.pk], weekdays=[1], hour=9)
    with pytest.raises(NotAllowed):
        subscribe(access=chen, dashboard=dashboard, user_ids=[people.ada.pk], weekdays=[1], hour=9)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("people", {"user_ids": []}),
        ("weekdays", {"weekdays": []}),
        ("weekdays", {"weekdays": [8]}),
        ("hour", {"hour": 24}),
    ],
)
def test_an_order_that_says_not_enough_is_refused(
    people: Cast, access: ProductAccess, dashboard: Dashboard, field: str, change: dict[str, object]
) -> None:
    order = {"user_ids": [people.ada.pk], "weekdays": [1], "hour": 9} | change
    with pytest.raises(InvalidInput) as refused:
        subscribe(access=access, dashboard=dashboard, **order)
    assert refused.value.field == field


def test_nobody_of_another_organisation_is_mailed(people: Cast, access: ProductAccess, dashboard: Dashboard) -> None:
    with pytest.raises(InvalidInput):
        subscribe(access=access, dashboard=dashboard, user_ids=[people.dee.pk], weekdays=[1], hour=9)


def test_the_page_orders_and_ends_mails(browser: Client, people: Cast, dashboard: Dashboard) -> None:
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/mails/"
    assert browser.post(path, {"hour": "9"}).status_code == 422
    sent = {"people": [people.ada.pk, people.bo.pk], "weekdays": ["1", "3"], "hour": "8", "variant": ""}
    assert browser.post(path, sent).status_code == 302
    page = browser.get(path).content.decode()
    assert "Monday, Wednesday" in page and "Bo" in page
    browser.post(f"{path}{Subscription.objects.get().pk}/end/")
    assert not Subscription.objects.exists()


def test_mails_are_sent_at_once_when_asked_for_but_not_twice_in_a_minute(
    ordered: Subscription, browser: Client, clock: FixedClock, mailoutbox: list[mail.EmailMultiAlternatives]
) -> None:
    here = f"/p/tea/insights/dashboards/{ordered.dashboard_id}/mails/"
    assert "on their way" in browser.post(f"{here}{ordered.pk}/send/", follow=True).content.decode()
    assert "Wait a minute" in browser.post(f"{here}{ordered.pk}/send/", follow=True).content.decode()
    drain()
    assert sorted(one.to[0] for one in mailoutbox) == ["ada@example.com", "bo@example.com"]
    clock.advance(timedelta(minutes=2))
    browser.post(f"{here}{ordered.pk}/send/")
    drain()
    assert len(mailoutbox) == 4


def test_who_may_only_look_sends_no_mails_of_others(
    ordered: Subscription, as_user: Callable[[User], Client], people: Cast
) -> None:
    here = f"/p/tea/insights/dashboards/{ordered.dashboard_id}/mails/{ordered.pk}/send/"
    assert as_user(people.chen).post(here).status_code in (403, 404)
    assert not Delivery.objects.exists()


def test_a_period_that_is_not_over_says_so_in_a_mail() -> None:
    chart = Chart("orders", "Orders", ["Mar 1", "Mar 8"], [Series("Orders", [3, 1])], partial_from=1)
    assert [label for label, _cells in _rows(Face("Orders", chart=chart))[1]] == ["Mar 1", "Mar 8 (not over yet)"]


def test_the_numbers_of_a_funnel_stand_on_one_line_a_step() -> None:
    bars = [Series("Reached", [1.0, 0.4]), Series("Lost", [0.0, 0.6], pale=True)]
    chart = Chart("funnel", "Funnel", ["1. First\n100%", "2. Second\n40%"], bars, ChartKind.STACKED)
    assert [label for label, _cells in _rows(Face("Funnel", chart=chart))[1]] == ["1. First", "2. Second"]

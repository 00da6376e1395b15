from datetime import date, timedelta
from typing import Any

import pytest

from tests.apps.insights.shop import event
from tests.conftest import Cast
from tests.removing import remove
from yunying.apps.insights.answers import context_for, run_report
from yunying.apps.insights.cohorts.access import cohort_for
from yunying.apps.insights.cohorts.models import Cohort, CohortSize
from yunying.apps.insights.cohorts.selectors import choices, cohorts_of_person, definition_of, history_of_definition
from yunying.apps.insights.cohorts.services import create, create_list, create_list_of_ids, delete, update
from yunying.apps.insights.cohorts.shown import Line, problem_text
from yunying.apps.insights.cohorts.sizes import SizePoint, count, due, fill, history_of
from yunying.apps.insights.cohorts.tasks import count_cohorts
from yunying.apps.insights.services import create_report
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.selectors import numbers_of_ids
from yunying.base.clock import FixedClock
from yunying.base.errors import Conflict, InvalidInput, NotAllowed, NotFound
from yunying.engine import cohorts as engine
from yunying.events.event import Event, Link, LinkKind
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

pytestmark = pytest.mark.usefixtures("clock")


def did(event: str = "order", least: int = 1, **more: Any) -> dict[str, Any]:
    return {"kind": "did", "event": event, "times": {"op": "gte", "count": least}} | more


def all_of(*items: dict[str, Any]) -> dict[str, Any]:
    return {"op": "and", "items": list(items)}


def ids_in(product: Product, cohort: Cohort) -> set[str]:
    members = set(engine.everybody_in(definition_of(cohort), context_for(product)))
    known = numbers_of_ids(product.pk, ["lin", "mei", "ann", "bob", "lin-phone"])
    return {name for name, number in known.items() if number in members}


def people_by_day(access: ProductAccess, **filters: Any) -> Any:
    spec = {
        "kind": "trends",
        "range": {"from": "2026-03-01", "to": "2026-03-04"},
        "series": [{"event": "order", "measure": "people"}],
    }
    return run_report(access, spec | filters).result


def test_a_cohort_is_counted_and_audited_when_it_is_made(access: ProductAccess, shop: Product) -> None:
    cohort = create(access, name=" Regulars ", definition=all_of(did(least=2)))
    assert (cohort.name, cohort.size, cohort.problem) == ("Regulars", 2, {})
    assert ids_in(shop, cohort) == {"lin", "ann"}
    assert [entry.verb for entry in history_of_definition(access, cohort)] == ["cohort.created"]


def test_who_did_not_includes_people_without_such_events(access: ProductAccess, shop: Product) -> None:
    cohort = create(access, name="Never", definition=all_of(did() | {"not": True}))
    assert ids_in(shop, cohort) == {"bob"}
    seldom = create(access, name="Seldom", definition=all_of(did() | {"times": {"op": "lte", "count": 2}}))
    assert ids_in(shop, seldom) == {"ann", "mei"}


def test_reports_filter_and_break_down_by_a_cohort(access: ProductAccess, shop: Product) -> None:
    twice = create(access, name="Twice", definition=all_of(did(least=2)))
    once = create(access, name="Once", definition=all_of(did()))
    inside = people_by_day(access, filters=[{"operator": "in_cohort", "values": [twice.pk]}])
    assert inside.rows[0].points == (0, 1, 1, 2)
    outside = people_by_day(access, filters=[{"operator": "not_in_cohort", "values": [twice.pk]}])
    assert outside.rows[0].points == (0, 1, 0, 0)
    both = people_by_day(access, breakdown=[{"cohort": twice.pk}, {"cohort": once.pk}])
    assert [(row.values[0].text, row.total, row.remainder) for row in both.rows] == [
        ("Once", 3, False),
        ("Twice", 2, False),
    ]


def test_a_report_looks_at_a_cohort_as_of_its_end(access: ProductAccess, shop: Product) -> None:
    twice = create(access, name="Twice", definition=all_of(did(least=2)))
    asked = {"range": {"from": "2026-03-01", "to": "2026-03-03"}}
    found = people_by_day(access, filters=[{"operator": "in_cohort", "values": [twice.pk]}], **asked)
    assert found.rows[0].points == (0, 1, 0)  # ann had ordered once by then


def test_a_changed_cohort_changes_kept_answers_at_once(access: ProductAccess, shop: Product) -> None:
    cohort = create(access, name="Some", definition=all_of(did(least=2)))
    filters = [{"operator": "in_cohort", "values": [cohort.pk]}]
    assert people_by_day(access, filters=filters).rows[0].total == 2
    update(access=access, cohort=cohort, version=1, definition=all_of(did(least=3)))
    assert people_by_day(access, filters=filters).rows[0].total == 1


def test_a_circle_is_refused_and_named(access: ProductAccess, shop: Product) -> None:
    first = create(access, name="First", definition=all_of(did()))
    second = create(access, name="Second", definition=all_of({"kind": "cohort", "cohort": first.pk}))
    third = {"op": "and", "items": [{"operator": "in_cohort", "values": [second.pk]}]}
    with pytest.raises(InvalidInput) as refused:
        update(access=access, cohort=first, version=1, definition=all_of(did(filters=third)))
    assert refused.value.code == "cohort.circle"
    assert "First → Second → First" in refused.value.text
    assert Cohort.objects.get(pk=first.pk).version == 1


@pytest.mark.parametrize(
    ("item", "code", "field"),
    [
        ({"kind": "cohort", "cohort": 999_999}, "cohort.absent", None),
        (did(within={"last": 50, "unit": "year"}), "cohort.window", "items.0.within.last"),
        (did(filters=[{"property": "a", "operator": "regex", "values": ["("]}]), "filter.pattern", None),
        (did(times={"op": "gte", "count": 0}), "spec.not_in_range", "items.0.times.count"),
        ({"kind": "regularly", "event": "x", "at_least": 5, "of": 4, "unit": "week"}, "spec.not_in_range", None),
        (
            {
                "kind": "stopped",
                "event": "x",
                "within": {"last": 1, "unit": "week"},
                "absent": {"last": 2, "unit": "month"},
            },
            "cohort.absence",
            "items.0.absent",
        ),
        (
            {"kind": "property", "of": "event", "property": "a", "operator": "is_set"},
            "cohort.of",
            "items.0.of",
        ),
        ({"kind": "did", "evnt": "x"}, "spec.unknown_field", "items.0.evnt"),
        ({"kind": "guess"}, "spec.unknown_choice", "items.0.kind"),
    ],
)
def test_what_cannot_be_asked_says_what_to_change(
    access: ProductAccess, shop: Product, item: dict[str, Any], code: str, field: str | None
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(access, name="Odd", definition=all_of(item))
    assert refused.value.code == code
    assert field is None or refused.value.field == field
    assert not Cohort.objects.exists()


def test_an_event_that_was_never_seen_is_nobody_not_an_error(access: ProductAccess, shop: Product) -> None:
    assert create(access, name="Later", definition=all_of(did("deleted event"))).size == 0


def test_a_cohort_in_use_stays_and_says_where(access: ProductAccess, shop: Product) -> None:
    cohort = create(access, name="Twice", definition=all_of(did(least=2)))
    spec = {
        "kind": "trends",
        "range": {"last": 7, "unit": "day"},
        "series": [{"event": "order"}],
        "breakdown": [{"of": "cohort", "cohort": cohort.pk}],
    }
    report = create_report(access=access, name="Orders by cohort", spec=spec)
    with pytest.raises(Conflict, match="Orders by cohort"):
        delete(access=access, cohort=cohort)
    report.delete()
    delete(access=access, cohort=cohort)
    assert not Cohort.objects.exists()


def test_names_are_unique_and_versions_close_the_race(access: ProductAccess, shop: Product) -> None:
    cohort = create(access, name="Twice", definition=all_of(did(least=2)))
    with pytest.raises(Conflict):
        create(access, name="Twice", definition=all_of(did()))
    update(access=access, cohort=cohort, version=1, name="Two or more")
    with pytest.raises(Conflict):
        update(access=access, cohort=cohort, version=1, name="Again")
    assert choices(access) == [(cohort.pk, "Two or more")]


def test_a_list_of_ids_counts_those_nobody_has_and_follows_merges(access: ProductAccess, shop: Product) -> None:
    Ingest(reload_s=0).write([event(shop.pk, "lin-phone", "2026-03-04T15:00", name="page")], token=f"phone-{shop.pk}")
    cohort, found = create_list_of_ids(access, name="Guests", ids=["lin-phone", "bob", "nobody"])
    assert (len(found.numbers), found.given, found.unknown, found.examples) == (2, 3, 1, ("nobody",))
    assert cohort.size == 2
    link = Link(LinkKind.MERGE, "lin-phone", "lin")
    base = event(shop.pk, "lin", "2026-03-04T16:00", name="page")
    merged = Event(base.product, base.uuid, base.name, base.distinct_id, base.ts_ms, base.received_ms, links=(link,))
    Ingest(reload_s=0).write([merged], token=f"merge-{shop.pk}")
    assert ids_in(shop, cohort) == {"lin", "lin-phone", "bob"}
    count(cohort)
    assert cohort.size == 2


def test_somebody_who_is_erased_is_in_no_list(access: ProductAccess, shop: Product, store: Store) -> None:
    cohort, _ = create_list_of_ids(access, name="Guests", ids=["mei", "bob"])
    mei = numbers_of_ids(shop.pk, ["mei"])["mei"]
    remove(store, "people", "product = {product:UInt32} AND person = {person:UInt32}", product=shop.pk, person=mei)
    count(cohort)
    assert cohort.size == 1


def test_the_people_behind_a_number_become_a_list(access: ProductAccess, shop: Product) -> None:
    spec = {
        "kind": "trends",
        "range": {"from": "2026-03-02", "to": "2026-03-04"},
        "series": [{"event": "order", "measure": "people"}],
    }
    cohort = create_list(access, name="On the second", spec=spec, point={"series": "A", "bucket": 0})
    assert ids_in(shop, cohort) == {"lin", "mei"}
    with pytest.raises(InvalidInput):
        update(access=access, cohort=cohort, version=1, definition=all_of(did()))
    delete(access=access, cohort=cohort)


def test_sizes_are_kept_by_day_and_missing_days_are_made_up_for(
    access: ProductAccess, shop: Product, clock: FixedClock
) -> None:
    cohort = create(access, name="Buyers", definition=all_of(did()))
    fill(cohort)
    kept = {point.day: point.size for point in history_of(cohort)}
    wanted = {date(2026, 3, 1): 0, date(2026, 3, 2): 2, date(2026, 3, 3): 3, date(2026, 3, 5): 3}
    assert {day: kept[day] for day in wanted} == wanted
    CohortSize.objects.filter(cohort=cohort, day=date(2026, 3, 3)).delete()
    clock.advance(timedelta(hours=2))
    assert due() == [cohort.pk]
    count_cohorts()
    assert history_of(cohort)[-3:] == (
        SizePoint(date(2026, 3, 3), 3, True),
        SizePoint(date(2026, 3, 4), 3, True),
        SizePoint(date(2026, 3, 5), 3, False),
    )
    assert due() == []
    assert Line(cohort, history_of(cohort), ()).change == 3


def test_a_cohort_that_cannot_be_counted_says_why(access: ProductAccess, shop: Product) -> None:
    first = create(access, name="First", definition=all_of(did()))
    second = create(access, name="Second", definition=all_of({"kind": "cohort", "cohort": first.pk}))
    Cohort.objects.filter(pk=first.pk).delete()
    count(second)
    assert second.size == 3  # the last number that was known
    assert problem_text(second) == f"There is no cohort {first.pk} any more. Choose another."
    assert cohorts_of_person(access, numbers_of_ids(shop.pk, ["lin"])["lin"]) == []


def test_a_persons_cohorts_are_found_together(access: ProductAccess, shop: Product) -> None:
    create(access, name="Thrice", definition=all_of(did(least=3)))
    once = create(access, name="Once", definition=all_of(did()))
    ann = numbers_of_ids(shop.pk, ["ann"])["ann"]
    assert [cohort.pk for cohort in cohorts_of_person(access, ann)] == [once.pk]


def test_who_may_only_look_changes_nothing(people: Cast, shop: Product) -> None:
    chen, cohort = people.access("chen"), create(people.access("ada"), name="All", definition=all_of(did()))
    with pytest.raises(NotAllowed):
        create(chen, name="Mine", definition=all_of(did()))
    with pytest.raises(NotAllowed):
        delete(access=chen, cohort=cohort)
    with pytest.raises(NotFound):
        cohort_for(people.access("dee"), cohort.pk)

"""Properties that questions ask for get a column of their own where very many events carry them."""

from uuid import uuid4

import pytest

from yunying.apps.insights.answers import run_report
from yunying.apps.tracking.columns import SEEN, note_question, properties_read
from yunying.apps.tracking.models import PropertyDefinition
from yunying.platform.jobs.models import Job
from yunying.platform.jobs.testing import drain
from yunying.store import Kind


@pytest.fixture
def plan(write, event, product) -> str:
    """A property without a column, which very many events carry."""
    name = f"plan {uuid4()}"
    write(event("ann", **{name: "pro"}), event("bob", **{name: "free"}))
    PropertyDefinition.objects.filter(product=product, name=name).update(volume=SEEN)
    return name


def by(name: str, of: str = "event") -> dict:
    return {
        "kind": "trends",
        "range": {"from": "2026-03-01", "to": "2026-03-31"},
        "series": [{"event": "visit", "measure": "count"}],
        "breakdown": [{"of": of, "property": name}],
        "display": "total",
    }


def test_the_first_question_gives_its_property_a_column(store, access, plan) -> None:
    first = run_report(access, by(plan), fresh=True).result
    drain()
    assert store.columns().has(plan, Kind.TEXT)
    second = run_report(access, by(plan), fresh=True).result
    assert first.rows == second.rows != ()
    assert not Job.objects.filter(state="waiting").exists()


def test_a_property_few_events_carry_is_left_in_the_text(product, plan) -> None:
    PropertyDefinition.objects.filter(product=product, name=plan).update(volume=SEEN - 1)
    for _ in range(5):
        note_question(product.pk, by(plan))
    assert not Job.objects.exists()


def test_properties_of_people_need_no_column(product, plan) -> None:
    for _ in range(5):
        note_question(product.pk, by(plan, of="person"))
    assert not Job.objects.exists()


def test_many_questions_make_one_job(product, plan) -> None:
    for _ in range(5):
        note_question(product.pk, by(plan))
    assert Job.objects.count() == 1


def test_questions_go_on_when_no_column_is_left(store, product, plan, monkeypatch) -> None:
    monkeypatch.setattr("yunying.store.store.MAX_PROMOTED", 0)
    note_question(product.pk, by(plan))
    drain()
    assert not store.columns().has(plan, Kind.TEXT)


def test_the_form_a_property_is_read_in_follows_from_its_use() -> None:
    question = {
        "series": [
            {
                "event": "order",
                "measure": "sum",
                "property": "amount",
                "filters": {"items": [{"property": "a", "operator": "exact"}]},
            },
            {"event": "order", "measure": "count"},
        ],
        "filters": {"op": "and", "items": [{"of": "event", "property": "b", "operator": "between"}]},
        "breakdown": [{"of": "event", "property": "c"}, {"of": "account", "property": "d"}],
    }
    assert set(properties_read(question)) == {
        ("amount", Kind.NUMBER),
        ("a", Kind.TEXT),
        ("b", Kind.NUMBER),
        ("c", Kind.TEXT),
    }

"""Every act that the program records is said in words on the page of the audit log, and so are the values."""

import re
from pathlib import Path

import pytest

from yunying.platform.console.audit_words import field_label, kind_label, value_text, verb_label

SOURCES = Path(__file__).parents[3] / "src" / "yunying"
# The first words of what is recorded; other constants of this form are codes of errors.
RECORDED = re.compile(r'(?<![\w(])"((?:annotation|cohort|dashboard|report|metric)\.[a-z_]+)"')
CALL = re.compile(r'record\(\s*[\w.]+,\s*(?:verb=)?"([a-z_]+\.[a-z_]+)"')


def _recorded() -> set[str]:
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "audit.services import" in text:
            found |= set(CALL.findall(text))
            found |= {verb for line in text.splitlines() if "record(" in line for verb in RECORDED.findall(line)}
    return found


def test_every_recorded_verb_has_words() -> None:
    verbs = _recorded() | {"event.described", "property.announced", "import.continued", "refused.discarded"}
    assert len(verbs) > 40
    assert not [verb for verb in sorted(verbs) if verb_label(verb) == verb]


@pytest.mark.parametrize(
    "kind", ["annotation", "cohort", "dashboard", "refused", "tracking.event", "tracking.property"]
)
def test_every_kind_of_thing_has_a_name(kind: str) -> None:
    assert kind_label(kind) != kind


@pytest.mark.parametrize("field", ["query", "refresh_min", "tile", "title_en", "is_order", "definition", "weekdays"])
def test_fields_of_dashboards_and_the_catalogue_have_names(field: str) -> None:
    assert field_label(field) != field


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        (True, "Yes"),
        (0, "0"),
        ("<b>", "<b>"),
        (["web", "shop"], "web, shop"),
        ({"id": 3, "kind": "report", "title": "", "metric": None, "follows": True}, None),
        ({"kind": "trends", "series": [{"event": "茶"}]}, '{"kind": "trends", "series": [{"event": "茶"}]}'),
    ],
)
def test_values_are_said_as_people_write_them(value: object, said: str | None) -> None:
    if said is None:
        said = "Number: 3 · Kind: report · Follows the dashboard's filters: Yes"
    assert value_text(value) == said

"""Templates can be read: no line is a screenful, and a partial says what it needs."""

from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "yunying"
TEMPLATES = sorted(SOURCE.glob("**/templates/**/*.html"))
LONGEST_LINE = 160
# Overrides of allauth's own partials: their context is described by allauth.
FOREIGN = ("account", "allauth", "mfa", "socialaccount", "usersessions")


def test_there_are_templates_to_judge() -> None:
    assert len(TEMPLATES) > 50


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_line_is_too_long_to_read(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    long = {number: len(line) for number, line in enumerate(lines, start=1) if len(line) > LONGEST_LINE}
    assert not long, f"{path.relative_to(SOURCE)} (line: length): {long}"


PARTIALS = [path for path in TEMPLATES if path.name.startswith("_") and path.parent.name not in FOREIGN]


@pytest.mark.parametrize("path", PARTIALS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_partial_names_its_context(path: Path) -> None:
    head = path.read_text(encoding="utf-8").splitlines()[:3]
    assert any("{# " in line for line in head), f"{path.relative_to(SOURCE)} begins without a {{# Context: … #}} line"

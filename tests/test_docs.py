"""What the documents say about the program is true, and nothing of it is missing."""

import re
from pathlib import Path

import pytest

from yunying.cli import COMMANDS, EXIT_CODES
from yunying.config import SETTINGS, Setting
from yunying.engine.kinds import kinds

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def text(*path: str) -> str:
    return ROOT.joinpath(*path).read_text(encoding="utf-8")


def row(page: str, name: str) -> str:
    """The line of a table that begins with `name`; empty when there is none."""
    found = re.search(rf"^\| `?{re.escape(name)}`? \|.*$", page, re.M)
    return found.group(0) if found else ""


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    line = row(text("docs/operator/configuration.md"), setting.name)
    assert setting.about.replace("|", "/") in line
    assert setting.default in line


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {setting.name for setting in SETTINGS}
    named = {name for path in DOCS.rglob("*.md") for name in re.findall(r"YUNYING_[A-Z_]+[A-Z]", path.read_text())}
    assert {name for name in named if not name.startswith("YUNYING_TEST_")} <= known


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert row(text("docs/operator/commands.md"), f"yunying {command}")


@pytest.mark.parametrize("code", sorted({0, 1, 130, *EXIT_CODES.values()}))
def test_every_exit_code_is_documented(code: int) -> None:
    assert row(text("docs/operator/commands.md"), str(code))


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_of_report_has_a_page(kind: str) -> None:
    assert (DOCS / "user/reports" / f"{kind}.md").exists()
    assert f"(reports/{kind}.md)" in text("docs/user/README.md")


def test_every_group_of_endpoints_is_documented() -> None:
    from yunying.api import api

    schema = api.get_openapi_schema()
    tags = {
        tag for path in schema["paths"].values() for operation in path.values() for tag in operation.get("tags", [])
    }
    page = text("docs/developer/api.md")
    assert tags
    assert {tag for tag in tags if not row(page, tag)} == set()


def test_every_mapping_entry_is_documented() -> None:
    from yunying.apps.tracking.importing.mapping import TESTS, Aggregate, ColumnType

    words = set(re.findall(r"\w+", text("docs/user/importing.md")))
    assert {str(name) for name in (*Aggregate, *ColumnType, *TESTS)} <= words


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    for page in ("README.md", "README.zh-Hans.md", "docs/developer/set-up.md"):
        assert set(re.findall(r"\bmake ([a-z]+)\b(?! and)", text(page))) - {"and"} <= targets

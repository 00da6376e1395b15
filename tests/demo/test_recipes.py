"""The demo's recipes are well formed and say what they must; loading them is CI's smoke test."""

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from yunying.apps.tracking.importing import mapping
from yunying.apps.tracking.models import EventDefinition
from yunying.base import clock
from yunying.base.actor import Actor, ActorKind
from yunying.demo import load_recipe, recipes_in
from yunying.demo.calling import api
from yunying.demo.growing import bring_in_past_days, keep_growing
from yunying.demo.loading import EMAIL, load, wants_more
from yunying.demo.moving import AHEAD_DAYS, Moved, filled
from yunying.demo.notes import Notes
from yunying.demo.speaking import ENGLISH, LANGUAGES, Texts, language_of
from yunying.engine import parse
from yunying.platform.accounts.models import User
from yunying.platform.products.access import product_for
from yunying.platform.products.profile import PROFILE_FIELDS, checked
from yunying.store import EVENTS, Sql

if TYPE_CHECKING:
    from yunying.store import Store

UTC_ZONE = ZoneInfo("UTC")
READ = {"name", "title", "description", "label", "text", "note", "why", "team", "happened", "obstacles", "next_steps"}
DEMO = Path(__file__).resolve().parent.parent.parent / "demo"
FOLDERS = sorted(path.parent for path in DEMO.glob("*/recipe.toml"))
CDNOW = """ 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3   63.34
 00021 0002 19980513  1   11.77
 00004 0001 19980613  1   10.00
 00004 0001 19980620  1   10.00
"""


def test_the_small_recipes_are_kept_apart_from_the_large() -> None:
    small, large = recipes_in(DEMO, small=True), recipes_in(DEMO, small=False)
    assert [one.name for one in small] == ["cdnow"]
    assert {one.name for one in large} == {"complete-journey", "online-retail"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recipe_names_its_package_by_hash_and_its_licence(folder: Path) -> None:
    raw = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
    assert len(raw["package"]["sha256"]) == 64
    assert {one["file"] for one in raw["imports"]} <= set(raw["package"]["files"])
    notice = raw["product"]["notice"]
    assert raw["package"]["name"] in notice
    profile = {name: value for name, value in raw["product"].items() if name != "slug"}
    assert set(profile) <= set(PROFILE_FIELDS)
    assert checked(profile)["timezone"] == profile["timezone"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recipes_mappings_and_questions_can_be_used(folder: Path) -> None:
    recipe = load_recipe(folder)
    wanted = {one["mapping"] for one in recipe.imports}
    assert wanted == {path.name for path in folder.glob("*.toml")} - {"recipe.toml"}
    events = {rule.name.constant for name in wanted for rule in mapping.load(folder / name).rules}
    for call in recipe.calls:
        for series in call.get("body", {}).get("spec", {}).get("series", []):
            assert series["event"] in events
        if call["call"] == "POST insights/reports":
            parse(filled(call["body"]["spec"], {}, Moved(0, UTC_ZONE)))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_in_a_recipe_lies_outside_of_what_was_recorded_or_is_made_in_the_future(folder: Path) -> None:
    recipe = load_recipe(folder)
    assert recipe.last_day is not None
    assert "{weeks}" in recipe.moved
    text = json.dumps(recipe.calls)
    days = [date.fromisoformat(one) for one in re.findall(r"\{(\d{4}-\d\d-\d\d)\}", text)]
    assert max(days) == recipe.last_day  # goals are due on it
    latest = recipe.last_day - timedelta(days=AHEAD_DAYS + 7)
    made = [date.fromisoformat(call["on"].strip("{}")) for call in recipe.calls if "on" in call]
    assert made == sorted(made)
    assert max(made) <= latest
    bare = re.sub(r"\{[^}]*\}", "", text)
    assert not re.findall(r"\d{4}-\d\d-\d\d", bare)


def read_by_people(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from read_by_people(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from read_by_people(one, key)
    elif isinstance(value, str) and key in READ:
        yield value


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recipe_says_the_same_in_every_language(folder: Path) -> None:
    recipe = load_recipe(folder)
    wanted = {text for call in recipe.calls for text in read_by_people(call.get("body", {}))}
    for row in csv.DictReader(io.StringIO(recipe.catalogue)):
        wanted |= {row[name] for name in ("description", "property_about") if row[name]}
    for language in set(LANGUAGES) - {ENGLISH}:
        texts = Texts.load(folder, language)
        assert set(texts.texts) == wanted
        assert set(texts.product) == {"about", "core_functions", "scope", "notice"}
        for english, said in [*texts.texts.items(), (recipe.moved, texts.moved)]:
            assert set(re.findall(r"\{[^}]*\}", english)) == set(re.findall(r"\{[^}]*\}", said))
        package = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))["package"]
        assert f"{package['name']} {package['version']}" in texts.product["notice"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_recipes_catalogue_names_what_its_mappings_send(folder: Path) -> None:
    recipe = load_recipe(folder)
    rules = [rule for one in recipe.imports for rule in mapping.load(folder / one["mapping"]).rules]
    sent = {(rule.name.constant, name) for rule in rules for name in rule.properties}
    of_people = {name for rule in rules for name in (*rule.person_set, *rule.person_set_once)}
    event = ""
    described = set()
    for row in csv.DictReader(io.StringIO(recipe.catalogue)):
        event = row["event"] or event
        if row["property"] and row.get("property_of") == "person":
            assert row["property"] in of_people
        elif row["property"]:
            assert (event, row["property"]) in sent
            described.add(row["property"])
        if row["revenue"]:
            assert (event, row["revenue"]) in sent
    assert described == {name for _event, name in sent}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-hans"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_TW"}, "zh-hans"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_demo_speaks_as_the_terminal_does(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def events_of(store: "Store", product: int) -> int:
    sql = Sql(f"SELECT count() FROM {EVENTS} WHERE product = {{product:UInt32}}", {"product": product})
    count: int = store.query(sql).rows[0][0]
    return count


def test_a_small_piece_of_a_recipe_becomes_reports_and_open_goals_and_grows(
    db: None, store: "Store", tmp_path: Path
) -> None:
    recipe = load_recipe(DEMO / "cdnow")
    (tmp_path / "cdnow").mkdir()
    (tmp_path / "cdnow" / "cdnow.txt").write_text(CDNOW)
    notes = Notes(tmp_path / "demo.json")
    with clock.fixed(datetime(2026, 11, 22, 15, tzinfo=UTC)):
        load(recipe, tmp_path / "cdnow", notes, as_recorded=False, language="zh-hans")
        user = User.objects.get(email=EMAIL)
        access = product_for(user, Actor(ActorKind.USER, user.pk, "Demo"), "cdnow")
        with api(access, Moved(0, UTC_ZONE)) as call:
            shown = call({"call": "GET goals", "keep": {"goals": "items"}}, {})["goals"]
            said = call({"call": "GET goals/2/check-ins", "keep": {"said": "items"}}, {})["said"]
    noted = notes.recipes["cdnow"]
    assert noted.done
    assert noted.shift_days == 1486 * 7
    results = {one["name"]: one["value"] for goal in shown for one in goal["key_results"]}
    assert {goal["status"] for goal in shown} == {"open"}
    assert results["半年收入"] == pytest.approx(11.77)
    assert results["CD 张数"] == 1
    assert [one["on"] for one in said] == ["2026-11-16", "2026-11-09", "2026-11-02", "2026-10-26"]
    assert {one["created_at"][:10] for one in said} == {one["on"] for one in said}
    assert "移动了 1486 周" in access.product.notice
    assert "1998 年 6 月 30 日现在是 2026-12-22" in access.product.notice
    order = EventDefinition.objects.get(product=access.product, name="order")
    assert (order.title_zh, order.title_en, order.is_order) == ("订单", "Order", True)
    assert (order.revenue_property, order.revenue_currency) == ("revenue", "USD")
    assert order.description == "一笔订单：一位顾客一天内购买的商品。"
    assert events_of(store, access.product.pk) == 4
    with clock.fixed(datetime(2026, 12, 10, 15, tzinfo=UTC)):
        assert wants_more(recipe, noted)
        load(recipe, tmp_path / "cdnow", notes, as_recorded=False)
        assert not wants_more(recipe, noted)
    assert events_of(store, access.product.pk) == 5
    keep_growing([recipe], tmp_path, notes.path)
    with clock.fixed(datetime(2026, 12, 14, 15, tzinfo=UTC)):
        bring_in_past_days()
        bring_in_past_days()
    keep_growing([], Path(), Path())
    assert events_of(store, access.product.pk) == 6
    assert Notes.load(notes.path).recipes["cdnow"].until == "2026-12-14T15:00:00+00:00"


def test_no_recipe_is_named_in_the_program() -> None:
    source = DEMO.parent / "src"
    words = {folder.name for folder in FOLDERS} | {"greykite", "lifetimes", "completejourney"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    assert {word for word in words if word in text} == set()


def test_calls_are_plain_data() -> None:
    for folder in FOLDERS:
        for call in json.loads((folder / "calls.json").read_text(encoding="utf-8")):
            assert set(call) <= {"call", "body", "keep", "on"}
            assert call["call"].split(" ")[0] in ("POST", "PATCH", "PUT", "GET")

"""The demo's recipes are well formed and say what they must; loading them is CI's smoke test."""

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from yunying.apps.tracking.importing.mapping import load
from yunying.apps.tracking.importing.runner import import_file
from yunying.apps.tracking.ingest import Ingest
from yunying.base.actor import SYSTEM
from yunying.demo import load_recipe, recipes_in
from yunying.demo.calling import api
from yunying.demo.moving import Moved
from yunying.engine import parse
from yunying.platform.products.profile import PROFILE_FIELDS, checked

if TYPE_CHECKING:
    from yunying.platform.products.access import ProductAccess
    from yunying.store import Store

DEMO = Path(__file__).resolve().parent.parent.parent / "demo"
FOLDERS = sorted(path.parent for path in DEMO.glob("*/recipe.toml"))
CDNOW = """ 00004 0001 19970101  2   29.33
 00004 0001 19970118  2   29.73
 00021 0002 19970101  3   63.34
 00021 0002 19980513  1   11.77
 00004 0001 19980613  1   10.00
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
    events = {rule.name.constant for name in wanted for rule in load(folder / name).rules}
    for call in recipe.calls:
        for series in call["body"].get("spec", {}).get("series", []):
            assert series["event"] in events
        if call["call"] == "POST insights/reports":
            parse(call["body"]["spec"])


def test_a_small_piece_of_a_recipe_becomes_reports_and_a_goal(
    access: "ProductAccess", store: "Store", tmp_path: Path
) -> None:
    recipe = load_recipe(DEMO / "cdnow")
    (tmp_path / "cdnow.txt").write_text(CDNOW)
    run = import_file(
        actor=SYSTEM,
        product=access.product,
        path=tmp_path / "cdnow.txt",
        mapping=load(DEMO / "cdnow" / recipe.imports[0]["mapping"]),
        sink=Ingest(),
    )
    assert (run.events, run.errors) == (5, 0)
    kept: dict[str, Any] = {"product": access.product.slug}
    with api(access, Moved(0, ZoneInfo(access.product.timezone))) as call:
        for request in recipe.calls:
            kept |= call(request, kept)
        shown = call({"call": "GET goals", "keep": {"results": "items.1.key_results"}}, kept)["results"]
    assert {one["name"]: one["value"] for one in shown} == {
        "Revenue, January to June 1998": pytest.approx(21.77),
        "Customers in the latest whole month": 1,
        "Average order, not below 32 dollars": pytest.approx(11.77),
    }


def test_no_recipe_is_named_in_the_program() -> None:
    source = DEMO.parent / "src"
    words = {folder.name for folder in FOLDERS} | {"greykite", "lifetimes", "completejourney"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py"))
    assert {word for word in words if word in text} == set()


def test_calls_are_plain_data() -> None:
    for folder in FOLDERS:
        for call in json.loads((folder / "calls.json").read_text(encoding="utf-8")):
            assert set(call) <= {"call", "body", "keep"}
            assert call["call"].split(" ")[0] in ("POST", "PATCH", "PUT", "GET")

"""Recipes: folders that say how public data become a product.

recipe.toml     the package the data comes from, [product] the profile, [recorded] until when it was recorded,
                [[imports]] file and mapping, `calls`
*.toml          import mappings
catalogue.csv   what its events and properties mean: the sheet that the catalogue takes in on its page
calls.json      requests to the REST API, in order: {"call": "POST goals", "body": {…}, "keep": {"goal": "id"}}
zh-hans.json    what of it people read, in Chinese; see `speaking`
"""

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from yunying.base.errors import InvalidInput, msg

__all__ = ["Recipe", "load_recipe", "recipes_in"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """`small` recipes load in seconds and are the only ones of `--small`.

    `last_day` is the last one that was recorded, by the product's clock; without it the dates stay as recorded.
    `moved` is added to the notice when they do not.
    """

    name: str
    folder: Path
    small: bool
    product: dict[str, Any]
    imports: tuple[dict[str, str], ...]
    calls: tuple[dict[str, Any], ...]
    last_day: date | None = None
    moved: str = ""
    catalogue: str = ""


def recipes_in(folder: Path, *, small: bool) -> list[Recipe]:
    """The recipes of a folder, by name. Raises InvalidInput when there is none."""
    found = [load_recipe(path.parent) for path in sorted(folder.glob("*/recipe.toml"))]
    if not found:
        raise InvalidInput("demo.no_recipes", msg("There are no recipes in %(folder)s."), folder=str(folder))
    return [recipe for recipe in found if recipe.small == small]


def load_recipe(folder: Path) -> Recipe:
    """Read one recipe. Raises InvalidInput when a part of it is missing or not well formed."""
    try:
        raw = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
        calls = json.loads((folder / raw["calls"]).read_text(encoding="utf-8")) if "calls" in raw else []
        recorded = raw.get("recorded", {})
        sheet = (folder / raw["catalogue"]).read_text(encoding="utf-8") if "catalogue" in raw else ""
        return Recipe(
            folder.name,
            folder,
            bool(raw.get("small")),
            raw["product"],
            tuple(raw["imports"]),
            tuple(calls),
            recorded["last_day"] if recorded else None,
            recorded.get("moved", ""),
            sheet,
        )
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(
            "demo.recipe", msg("The recipe %(name)s cannot be used: %(why)s"), name=folder.name, why=str(error)
        ) from error

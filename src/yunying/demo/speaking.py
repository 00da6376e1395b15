"""What a recipe says to readers, in their language. Names that programs send stay as they are.

A recipe is written in English. `<language>.json` beside it has "product", fields of the profile, "moved", the addition
to the notice, and "texts": for each text of the calls and of the catalogue what it is in the language.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ENGLISH", "LANGUAGES", "Texts", "language_of"]

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh-hans")

# Under these names requests carry what people read; all else is for programs.
_READ = frozenset(
    {"name", "title", "description", "label", "text", "note", "why", "team", "happened", "obstacles", "next_steps"}
)
_DESCRIBED = ("description", "property_about")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one recipe in one language; what is not in it stays English."""

    product: Mapping[str, str] = field(default_factory=dict)
    moved: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, language: str) -> "Texts":
        path = folder / f"{language}.json"
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls()

    def of(self, body: Any) -> Any:
        """The body of a request with the texts people read in the language."""
        return _replaced(body, "", self.texts)

    def of_sheet(self, content: str) -> str:
        """A sheet of the catalogue with its descriptions in the language; it has the names in all of them."""
        reader = csv.DictReader(io.StringIO(content))
        found = io.StringIO()
        writer = csv.DictWriter(found, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            said = {name: self.texts.get(row[name], row[name]) for name in _DESCRIBED if row.get(name)}
            writer.writerow(row | said)
        return found.getvalue()


def language_of(environment: Mapping[str, str]) -> str:
    """The language of a terminal by its locale: simplified Chinese for every Chinese one, else English."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "zh-hans" if locale.startswith("zh") else ENGLISH


def _replaced(value: Any, key: str, texts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(one, name, texts) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, key, texts) for one in value]
    return texts.get(value, value) if isinstance(value, str) and key in _READ else value

"""What the demo remembers between two starts: `demo.json` in the data folder, readable by its owner only."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = ["Noted", "Notes"]


@dataclass
class Noted:
    """How far one recipe is.

    All its times are moved by `shift_days`, and events before `until` (ISO 8601; None: all) were or are being
    imported. `made` of its calls were made and have `kept` what later ones use. Its texts are in `language`.
    """

    shift_days: int = 0
    until: str | None = None
    made: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    done: bool = False
    language: str = "en"

    @property
    def bound(self) -> datetime | None:
        return datetime.fromisoformat(self.until) if self.until else None


@dataclass
class Notes:
    """`password` is that of the demo's account, once there is one."""

    path: Path
    password: str | None = None
    recipes: dict[str, Noted] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Notes":
        raw: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        found = raw.get("recipes", {})
        if isinstance(found, list):  # before dates were moved only names were noted
            found = {name: {"done": True} for name in found}
        return cls(path, raw.get("password"), {name: Noted(**one) for name, one in found.items()})

    def save(self) -> None:
        self.path.touch(mode=0o600)
        noted = {name: asdict(one) for name, one in self.recipes.items()}
        self.path.write_text(json.dumps({"password": self.password, "recipes": noted}))

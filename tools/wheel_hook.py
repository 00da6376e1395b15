"""Run by hatchling for a wheel, see pyproject.toml: refuses pages without stylesheet, adds the help pages."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """`version` is "editable" for an editable install, which reads the folder itself and may be set up later."""
        if version == "editable":
            return
        build_data["force_include"]["docs/user"] = "yunying/docs/user"
        root = Path(self.root)
        folder = root / "src/yunying/platform/ui/static/vendor"
        for entry in json.loads((root / "vendor.lock.json").read_text())["files"]:
            path = folder / entry["name"]
            if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
                raise RuntimeError(f"{entry['name']} is missing or changed. Run: python tools/vendor.py")

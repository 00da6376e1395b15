"""Where the SDKs of package.json are, and what is needed to run them."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

__all__ = ["FOLDER", "MODULES", "need", "version"]

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"


def need() -> None:
    """Skip the test where npm has not put the packages; CI must have them."""
    if MODULES.is_dir():
        return
    told = "The SDKs from npm are not here; `make setup-dev` installs them."
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


@cache
def version(package: str) -> str:
    """The installed version of a package, by its name in package.json."""
    found: str = json.loads((MODULES / package / "package.json").read_text())["version"]
    return found

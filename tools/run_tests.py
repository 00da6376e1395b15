"""Run the test suite the way `make test` and CI do.

First everything that needs no server of its own, then what starts real servers and browsers.
With --postgres the Django tests run once more on a PostgreSQL server that is started here and thrown away.
Other arguments go to pytest as they are, which then runs once: `make test ARGS="tests/engine -x"`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_TESTS = 5
# A file stays with one worker (see tests/conftest.py), and what is marked `long` is begun first.
BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
MEMORY = Path("/dev/shm")
ROOM_BYTES = 2 << 30


def environment() -> dict[str, str]:
    """The tests start hundreds of processes of the program: it is compiled once, not by each of them.

    Where Python may leave nothing beside the sources, what it compiled goes into build/.
    """
    env = dict(os.environ)
    if env.pop("PYTHONDONTWRITEBYTECODE", ""):
        env.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "build" / "pycache"))
    return env


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """Where databases and stores of tests lie: in memory if there is room, since thousands of small writes wait for a
    disk that nobody pulls the plug of."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    if not roomy or "TMPDIR" in os.environ:
        yield {}
        return
    folder = Path(tempfile.mkdtemp(prefix="yunying-tests-", dir=MEMORY))
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own
    try:
        yield {"TMPDIR": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pytest(*arguments: str, through: tuple[str, ...] = (), **more: str) -> int:
    command = [sys.executable, *through, "-m", "pytest", "-q", *arguments]
    print("$ pytest", *arguments, flush=True)
    code = subprocess.run(command, cwd=ROOT, env=environment() | more, check=False).returncode
    return 0 if code == NO_TESTS else code


def tell_about_browser() -> bool:
    """Whether a browser for the end-to-end tests is here; without one they are skipped, except in CI."""
    if any(shutil.which(name) for name in BROWSERS):
        return True
    print(
        "\nNo Chromium was found, so the tests in a real browser cannot run. "
        "Install it, for example on Debian and Ubuntu: apt install chromium\n",
        file=sys.stderr,
    )
    return not os.environ.get("CI")


def quick(workers: str) -> int:
    with scratch() as place:
        return pytest("-m", "not crash and not e2e and not nightly", "-n", workers, *BY_FILE, **place)


def real(workers: str) -> int:
    """One more at once: half of the time such a test waits for a server that starts, dies or polls."""
    more = str(int(workers) + 1) if workers.isdigit() else workers
    return pytest("-m", "(crash or e2e) and not nightly", "-n", more, *BY_FILE)


def on_postgres(workers: str) -> int:
    """The Django tests once more; `tests.postgres` starts a server of their own and says so when there is none."""
    chosen = ["-m", "not crash and not e2e and not nightly", "-n", workers, *BY_FILE]
    server = ("-m", "tests.postgres", sys.executable)
    with scratch() as place:
        return pytest(*chosen, "tests/platform", "tests/apps", through=server, **place)


PARTS = {"on PostgreSQL": on_postgres, "in one process": quick, "with servers and browsers": real}


def whole_suite(workers: str, *, postgres: bool) -> int:
    """Every part, also after one that failed; at the end how each went."""
    codes, told = [], []
    for name, part in PARTS.items():
        if part is on_postgres and not postgres:
            continue
        begun = time.monotonic()
        codes.append(part(workers))
        told.append(f"  {name:26} {time.monotonic() - begun:5.0f} s  {'failed' if codes[-1] else 'passed'}")
    print("", "Tests", *told, sep="\n", flush=True)
    return next(filter(None, codes), 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="2", help="tests that run at once")
    parser.add_argument("--postgres", action="store_true", help="run the Django tests on PostgreSQL as well")
    options, rest = parser.parse_known_args()
    if rest:
        return pytest(*rest)
    if not tell_about_browser():
        return 1
    return whole_suite(options.workers, postgres=options.postgres)


if __name__ == "__main__":
    raise SystemExit(main())

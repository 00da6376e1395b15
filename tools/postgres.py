"""A PostgreSQL server for tests: made in a scratch folder, reached through loopback, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Missing", "server"]


class Missing(Exception):
    """There is no PostgreSQL server on this machine; says how to install one."""


def binaries() -> Path:
    """The folder of initdb and postgres. Debian keeps them off PATH, by version."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise Missing("PostgreSQL was not found. Install it, for example on Debian and Ubuntu: apt install postgresql")
    return versions[-1].parent


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh, empty database `yunying`. Raises Missing."""
    tools = binaries()
    # PostgreSQL refuses to run as root, so root hands the folder to the account that Debian made for it.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="yunying-postgres-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    user = account.pw_name if account else None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=200"
    try:
        run(str(tools / "initdb"), "-D", data, "-U", "yunying", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        run(str(tools / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        run(str(tools / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "yunying", "yunying")
        yield f"postgres://yunying@127.0.0.1:{port}/yunying"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run(str(tools / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)

"""The command line as a person meets it: help, exit codes, one line for what went wrong."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fresh import make_installation
from yunying.base.errors import Bug, Conflict, InvalidInput, LimitReached, NotAllowed, NotFound, Unavailable
from yunying.cli import COMMANDS, EXIT_CODES, Command, main, parser

pytestmark = pytest.mark.long


def run(*arguments: str, folder: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """The real command in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YUNYING_")}
    return subprocess.run(
        [sys.executable, "-m", "yunying.cli", *arguments],
        env=clean
        | {"YUNYING_DATA_DIR": str(folder), "COLUMNS": "200", "DJANGO_SETTINGS_MODULE": "yunying.settings"}
        | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert COMMANDS[name].about in " ".join(capsys.readouterr().out.split())


def test_help_lists_all_commands_and_exit_codes() -> None:
    text = parser().format_help()
    assert all(name in text for name in COMMANDS)
    assert "130 interrupted" in text


def test_every_kind_of_error_but_a_bug_has_an_exit_code_of_its_own_group() -> None:
    kinds = {InvalidInput, NotAllowed, NotFound, Conflict, Unavailable, LimitReached}
    assert set(EXIT_CODES) == kinds
    assert Bug not in EXIT_CODES
    assert 1 not in EXIT_CODES.values()


def test_a_setting_that_cannot_be_used_is_one_line_and_code_2(tmp_path: Path) -> None:
    result = run("migrate", folder=tmp_path, YUNYING_PORT="eighty")
    assert result.returncode == 2
    assert result.stderr == ("yunying migrate: YUNYING_PORT: YUNYING_PORT must be a whole number from 0 to 65535.\n")


def test_a_taken_port_is_told_with_another_to_try(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), folder=tmp_path)
    assert result.returncode == 5
    assert f"Port {port} of 127.0.0.1 is taken" in result.stderr
    assert "YUNYING_PORT=" in result.stderr
    assert not (tmp_path / "events").exists()


def test_roles_of_their_own_refuse_the_embedded_store(tmp_path: Path) -> None:
    result = run("work", folder=tmp_path)
    assert result.returncode == 2
    assert "YUNYING_EVENTS_URL" in result.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("migrate", []),
        ("import", ["f.csv", "--product", "tea", "--mapping", "m.json"]),
        ("restore", ["all.zip"]),
        ("createsuperuser", ["--email", "ada@example.com"]),
    ],
)
def test_what_may_be_the_first_command_on_a_machine_brings_the_store_up_to_date(
    name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reached(Exception):
        pass

    def ready_django(*, migrate: bool = False) -> None:
        raise Reached(migrate)

    monkeypatch.setattr("yunying.process.ready_django", ready_django)
    with pytest.raises(Reached) as reached:
        main([name, *arguments])
    assert reached.value.args == (True,)


def test_doctor_tests_every_part_and_hides_secrets(tmp_path: Path) -> None:
    assert run("migrate", folder=tmp_path).returncode == 0
    result = run("doctor", folder=tmp_path, YUNYING_SECRET_KEY="very-secret-" + "x" * 40)
    assert result.returncode == 0, result.stdout
    for part in ("relational store", "migrations", "event store", "spool", "mail", "disk", "clock"):
        assert f" {part}: " in result.stdout
    assert "very-secret" not in result.stdout
    assert "ms per fsync" in result.stdout


def test_doctor_fails_on_pending_migrations_and_says_what_to_run(tmp_path: Path) -> None:
    result = run("doctor", folder=tmp_path)
    assert result.returncode == 1
    assert "pending; run: yunying migrate" in result.stdout


def test_an_account_from_the_command_line_needs_a_good_password(tmp_path: Path) -> None:
    make_installation(tmp_path)
    weak = run("createsuperuser", "--email", "ada@example.com", "--password", "12345", folder=tmp_path)
    assert weak.returncode == 2
    good = ("createsuperuser", "--email", "ada@example.com", "--password", "a long enough password")
    assert run(*good, folder=tmp_path).returncode == 0
    assert run(*good, folder=tmp_path).returncode == 4


def test_import_names_the_products_there_are(tmp_path: Path) -> None:
    make_installation(tmp_path)
    (tmp_path / "m.json").write_text('{"time": "t", "distinct_id": "d", "events": [{"name": "e"}]}')
    (tmp_path / "f.csv").write_text("t,d\n")
    result = run(
        "import", str(tmp_path / "f.csv"), "--product", "tea", "--mapping", str(tmp_path / "m.json"), folder=tmp_path
    )
    assert result.returncode == 3
    assert "There is no product called “tea”; there are: none." in result.stderr


def test_a_store_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    make_installation(tmp_path)
    hold = "import sys; from yunying.store import open_store; s = open_store(sys.argv[1]); print('open', flush=True)"
    hold += "; input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, f"chdb://{tmp_path / 'events'}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        result = run("migrate", folder=tmp_path)
    finally:
        holder.communicate("\n", timeout=30)
    assert result.returncode == 5
    (line,) = result.stderr.splitlines()
    assert line.startswith("yunying migrate: The event store is in use by another process.")
    assert "stop the running server" in line


def test_a_folder_that_cannot_be_used_is_not_called_locked_and_the_reason_is_kept(tmp_path: Path) -> None:
    make_installation(tmp_path)
    (tmp_path / "events").write_text("a file where the folder should be")
    result = run("migrate", folder=tmp_path)
    assert result.returncode == 5
    reason, told = result.stderr.splitlines()
    assert "File exists" in reason or "Not a directory" in reason
    assert told == "yunying migrate: The folder of the event store cannot be used. The details are in the log."


def test_a_full_disk_is_one_line_and_code_5(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(options: object, config: object) -> int:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("PRAGMA max_page_count = 1")
            try:
                database.execute("CREATE TABLE t (a)")
            except sqlite3.OperationalError as error:
                raise RuntimeError("wrapped, as Django does") from error
        return 0

    monkeypatch.setitem(COMMANDS, "migrate", Command("", full))
    assert main(["migrate"]) == 5
    assert capsys.readouterr().err == "yunying migrate: The disk is full. Free some space, then run this again.\n"

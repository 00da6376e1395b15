"""The command `yunying`.

Exit codes: 0 done · 1 a fault of the program or a test of `doctor` failed · 2 the command or its input cannot be used ·
3 not allowed or not found · 4 conflict with what is there · 5 a part is away, taken or full · 6 a limit is reached ·
130 interrupted.
"""

import argparse
import errno
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import yunying
from yunying.answering import FORMS, answer_text, product_called, read_question
from yunying.base import clock
from yunying.base.errors import (
    Conflict,
    InvalidInput,
    LimitReached,
    NotAllowed,
    NotFound,
    Unavailable,
    YunyingError,
    msg,
)
from yunying.base.garbage import search_seldom
from yunying.config import Config
from yunying.terminal import bar, import_with_bar

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["COMMANDS", "EXIT_CODES", "main", "parser"]

EXIT_CODES: dict[type[YunyingError], int] = {
    InvalidInput: 2,
    NotAllowed: 3,
    NotFound: 3,
    Conflict: 4,
    Unavailable: 5,
    LimitReached: 6,
}


@dataclass(frozen=True, slots=True)
class Command:
    """`arguments` adds what the command takes; `run` does it and gives the exit code."""

    about: str
    run: Callable[[argparse.Namespace, Config], int]
    arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every expected error becomes one line and an exit code."""
    options = parser().parse_args(arguments)
    search_seldom()
    try:
        return COMMANDS[options.command].run(options, _config(options))
    except YunyingError as error:
        print(f"yunying {options.command}: {_where(error)}{error.text}{_advice(error)}", file=sys.stderr)
        return next((code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), 1)
    except KeyboardInterrupt:
        print(f"yunying {options.command}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if not _disk_is_full(error):
            raise
        print(f"yunying {options.command}: The disk is full. Free some space, then run this again.", file=sys.stderr)
        return EXIT_CODES[Unavailable]


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = argparse.ArgumentParser(
        prog="yunying",
        description="Yunying 运营: a self-hosted product operations system.",
        epilog=(__doc__ or "").split("\n\n", 1)[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"yunying {yunying.__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.about, description=command.about)
        command.arguments(one)
    return whole


def _config(options: argparse.Namespace) -> Config:
    """The environment, with --host and --port laid over it: settings.py reads the environment as well."""
    for name in ("host", "port"):
        if getattr(options, name, None) is not None:
            os.environ[f"YUNYING_{name.upper()}"] = str(getattr(options, name))
    return Config.from_env()


def _disk_is_full(error: BaseException | None) -> bool:
    """Whether it, or what it came from, is the system's or SQLite's word for a full disk."""
    while error is not None:
        if getattr(error, "errno", None) == errno.ENOSPC:
            return True
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__
    return False


def _where(error: YunyingError) -> str:
    return f"{error.field}: " if error.field else ""


def _advice(error: YunyingError) -> str:
    if error.code != "store.locked":
        return ""
    return (
        " The embedded event store serves one process at a time: stop the running server (Ctrl+C) and run this again,"
        " or move to a ClickHouse server with YUNYING_EVENTS_URL."
    )


def _listening_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("--host", help="address to listen on (default: YUNYING_HOST or 127.0.0.1)")
    one.add_argument("--port", type=int, help="port to listen on (default: YUNYING_PORT or 8642)")


def _role(name: str) -> Callable[[argparse.Namespace, Config], int]:
    def run(options: argparse.Namespace, config: Config) -> int:
        import logging

        from yunying import roles

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        if name in ("serve", "web"):
            print(f"Yunying: {config.base_url} (stop with Ctrl+C)", flush=True)
        getattr(roles, name)(config)
        return 0

    return run


def _migrate(options: argparse.Namespace, config: Config) -> int:
    from yunying.process import ready_django, ready_store

    ready_django(migrate=True)
    with ready_store(config) as store:
        applied = store.migrate()
    print("The relational store is up to date.")
    print(f"Event store: {', '.join(applied)} applied." if applied else "The event store is up to date.")
    return 0


def _doctor(options: argparse.Namespace, config: Config) -> int:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from yunying.doctor import examine
    from yunying.process import ready_django

    console = Console()
    shown = Table("setting", "value", title="Configuration", title_justify="left")
    for name, value in config.shown().items():
        shown.add_row(name, escape(value))
    console.print(shown)
    ready_django()
    failed = 0
    for finding in examine(config):
        sign = {True: "[green]ok    [/]", False: "[red]FAILED[/]", None: "[yellow]note  [/]"}[finding.ok]
        console.print(f"{sign} {finding.part}: {escape(finding.text)}", soft_wrap=True)
        failed += finding.ok is False
    return 1 if failed else 0


def _import_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", type=Path, help="CSV, JSON lines or Parquet; .gz, .xz, .zst and .bz2 are unpacked")
    one.add_argument("--product", required=True, metavar="SLUG", help="short name of the product")
    one.add_argument("--mapping", required=True, type=Path, help="mapping file, JSON or TOML")
    one.add_argument("--max-errors", type=int, default=10_000, help="stop after so many rows at fault (default 10000)")
    one.add_argument("--shift-days", type=int, metavar="N", help="move all times by N days of the product's clock")
    one.add_argument("--from", dest="since", metavar="DAY", help="leave out what is before, in the product's timezone")
    one.add_argument("--to", dest="until", metavar="DAY", help="leave out what is after; this day is included")


def _import(options: argparse.Namespace, config: Config) -> int:
    from yunying.process import ready_django, ready_store

    ready_django(migrate=True)
    from yunying.apps.tracking.importing.mapping import load, spanned

    product, mapping = product_called(options.product), load(options.mapping)
    mapping = spanned(mapping, _span(options, mapping.span, product.timezone))
    with ready_store(config, migrate=True):
        run = import_with_bar(product, options.file, mapping, max_errors=options.max_errors)
    print(f"{run.file_name}: {run.rows_read:,} rows gave {run.events:,} events; {run.errors:,} rows at fault.")
    if run.errors:
        print(f"They are listed in {run.errors_file}")
    return 0


def _span(options: argparse.Namespace, own: Any, zone: str) -> Any:
    """The span of the mapping with what the command line says instead."""
    from yunying.apps.tracking.importing.spans import parse_span

    said: dict[str, Any] = {} if options.shift_days is None else {"shift_days": options.shift_days}
    said |= {"since": _day(options.since, zone)} if options.since else {}
    said |= {"until": _day(options.until, zone, after=True)} if options.until else {}
    return parse_span(own.to_json() | said)


def _export_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", type=Path, help="file to write")
    one.add_argument("--product", required=True, metavar="SLUG", help="short name of the product")
    one.add_argument("--from", dest="since", metavar="DAY", help="first day, in the product's timezone (2011-01-31)")
    one.add_argument("--to", dest="until", metavar="DAY", help="last day, included")
    one.add_argument("--format", choices=("jsonl", "csv", "parquet"), help="default: by the file's name")


def _day(text: str, zone: str, *, after: bool = False) -> datetime:
    try:
        day = datetime.strptime(text, "%Y-%m-%d") + timedelta(days=1 if after else 0)
    except ValueError as error:
        raise InvalidInput("export.day", msg("“%(text)s” is no day; write it like 2011-01-31."), text=text) from error
    return day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _export(options: argparse.Namespace, config: Config) -> int:
    from yunying.process import ready_django, ready_store

    ready_django()
    from yunying.apps.tracking.exporting import days_of, export_events

    product = product_called(options.product)
    since = _day(options.since or "1971-01-01", product.timezone)
    until = _day(options.until, product.timezone, after=True) if options.until else clock.now() + timedelta(days=400)
    form = options.format or {".csv": "csv", ".parquet": "parquet"}.get(options.file.suffix, "jsonl")
    with ready_store(config) as store, bar() as progress:
        total = sum(count for _day, count in days_of(store, product.pk, since, until))
        task = progress.add_task(options.file.name, total=total, note="")
        count = export_events(
            store=store,
            product=product.pk,
            since=since,
            until=until,
            path=options.file,
            form=form,
            tell=lambda rows: progress.advance(task, rows),
        )
    print(f"{count:,} events written to {options.file}")
    return 0


def _query_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", help="question as JSON, as the API takes it; - reads standard input")
    one.add_argument("--product", metavar="SLUG", help="short name of the product; not needed when there is only one")
    one.add_argument("--format", choices=FORMS, default="json", help="default: json, the whole answer")


def _query(options: argparse.Namespace, config: Config) -> int:
    from yunying.process import ready_django, ready_store

    question = read_question(options.file)
    ready_django()
    product = product_called(options.product)
    with ready_store(config):
        print(answer_text(product, question, options.format), end="")
    return 0


def _backup_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", type=Path, help="backup file to write; it holds secrets, keep it safe")


def _backup(options: argparse.Namespace, config: Config) -> int:
    from yunying.backup import backup
    from yunying.process import ready_django, ready_store

    ready_django()
    with ready_store(config) as store, bar() as progress:
        backup(config, store, options.file, _counting(progress))
    print(f"Written: {options.file} ({options.file.stat().st_size / 1e6:,.1f} MB)")
    return 0


def _restore_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", type=Path, help="backup file to read")


def _restore(options: argparse.Namespace, config: Config) -> int:
    from yunying.backup import restore
    from yunying.process import ready_django, ready_store

    ready_django(migrate=True)
    with ready_store(config, migrate=True) as store, bar() as progress:
        restore(config, store, options.file, _counting(progress))
    print(f"Restored from {options.file}. Start with: yunying serve")
    return 0


def _counting(progress: "Progress") -> Callable[[str, int], None]:
    tasks: dict[str, Any] = {}

    def tell(part: str, rows: int) -> None:
        # Dozens of small tables would hide the few that take time.
        name = part if "." not in part else "relational store"
        if name not in tasks:
            tasks[name] = progress.add_task(name, total=None, note="")
        progress.advance(tasks[name], rows)
        progress.update(tasks[name], note=f"{progress.tasks[tasks[name]].completed:,.0f} rows")

    return tell


def _superuser_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("--email", required=True, help="mail address to sign in with")
    one.add_argument("--password", help="asked for when left out, which keeps it out of the shell's history")
    one.add_argument("--name", default="", help="name that others see")


def _createsuperuser(options: argparse.Namespace, config: Config) -> int:
    from getpass import getpass

    from yunying.process import ready_django

    ready_django(migrate=True)
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from yunying.platform.accounts.services import create_superuser

    password = options.password or getpass("Password: ")
    try:
        validate_password(password)
    except ValidationError as error:
        raise InvalidInput(
            "account.password", msg("%(why)s"), field="password", why=" ".join(error.messages)
        ) from error
    user = create_superuser(email=options.email, password=password, name=options.name)
    print(f"{user.email} can sign in at {config.base_url} and may do everything.")
    return 0


def _demo_arguments(one: argparse.ArgumentParser) -> None:
    _listening_arguments(one)
    one.add_argument("--small", action="store_true", help="only the recipes that load in seconds")
    one.add_argument("--recipes", type=Path, default=Path("demo"), help="folder of recipes (default: demo)")
    one.add_argument("--data", type=Path, default=Path("build/demo"), help="folder of the fetched files")
    one.add_argument("--language", choices=("en", "zh-hans"), help="of the texts (default: the terminal's)")
    one.add_argument("--load-only", action="store_true", help="load the data, but do not serve it")
    one.add_argument("--as-recorded", action="store_true", help="keep the recorded dates, do not move them to today")


def _demo(options: argparse.Namespace, config: Config) -> int:
    from yunying.demo import demo, language_of

    options.language = options.language or language_of(os.environ)
    return demo(options, config)


COMMANDS: dict[str, Command] = {
    "serve": Command(
        "Run everything in one process: pages, collector and background jobs.", _role("serve"), _listening_arguments
    ),
    "web": Command("Run only pages and API, beside other processes.", _role("web"), _listening_arguments),
    "collect": Command(
        "Run only the collector that takes events in, beside other processes.", _role("collect"), _listening_arguments
    ),
    "work": Command("Run only background jobs, beside other processes.", _role("work")),
    "migrate": Command("Bring both stores up to this version.", _migrate),
    "doctor": Command("Show the configuration and test every part.", _doctor),
    "import": Command("Bring a file of events into a product.", _import, _import_arguments),
    "export": Command("Write a product's events to a file.", _export, _export_arguments),
    "query": Command("Answer a question about a product's events.", _query, _query_arguments),
    "backup": Command("Write everything to one file.", _backup, _backup_arguments),
    "restore": Command("Fill an empty installation from a backup.", _restore, _restore_arguments),
    "createsuperuser": Command("Create an account that may do everything.", _createsuperuser, _superuser_arguments),
    "demo": Command("Load real data from recipes and serve it.", _demo, _demo_arguments),
}

if __name__ == "__main__":
    sys.exit(main())

"""Everything that is known about one person, as a ZIP of JSON and CSV files that anybody can open."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import orjson

from yunying.apps.tracking.models import DistinctId, Merge, Person
from yunying.apps.tracking.people.activity import TimelineEvent, numbers_of, person_timeline, sessions_of
from yunying.base import clock
from yunying.platform.products.access import Permission, ProductAccess
from yunying.store import COHORT_MEMBERS, Sql, shared

__all__ = ["everything_about"]

_PAGE = 5_000
_IN_MEMORY = 8 << 20
_COLUMNS = ("uuid", "event", "timestamp", "distinct_id", "account", "session", "properties")


def everything_about(access: ProductAccess, person: Person) -> IO[bytes]:
    """A ZIP, at its start, that the caller closes: person.json, events.jsonl, events.csv, sessions.csv, ids.csv.

    Events are read page by page, so memory does not grow with them. Raises NotAllowed, Unavailable.
    """
    access.require(Permission.SEE_PEOPLE)
    file: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("person.json", orjson.dumps(_facts(access, person), option=orjson.OPT_INDENT_2))
        _write_events(archive, access.product.pk, person.number)
        _write_csv(archive, "ids.csv", ("distinct_id", "known", "first_seen"), _ids(access.product.pk, person.number))
        _write_csv(archive, "sessions.csv", ("session", "start", "end", "events"), _sessions(access, person))
    file.seek(0)
    return file


def _facts(access: ProductAccess, person: Person) -> dict[str, Any]:
    numbers = numbers_of(access.product.pk, person.number)
    merges = Merge.objects.filter(product=access.product, winner=person.number).order_by("at", "pk")
    return {
        "product": access.product.name,
        "exported_at": clock.now().isoformat(),
        "number": person.number,
        "known_user": person.identified,
        "first_seen": _text(person.born_ms),
        "properties": person.properties,
        "properties_since": {name: _text(mark[1]) for name, mark in person.marks.items() if name in person.properties},
        "distinct_ids": [row[0] for row in _ids(access.product.pk, person.number)],
        "merges": [
            {
                "at": one.at.isoformat(),
                "from": one.source,
                "into": one.target,
                "result": one.outcome,
                "sent_by": one.way,
            }
            for one in merges
        ],
        "fixed_lists": _lists(access.product.pk, numbers),
    }


def _lists(product_id: int, numbers: Sequence[int]) -> list[int]:
    """The cohorts with fixed lists the person stands in."""
    text = (
        f"SELECT DISTINCT cohort FROM {COHORT_MEMBERS}"
        " WHERE product = {product:UInt32} AND person IN {numbers:Array(UInt32)} ORDER BY cohort"
    )
    return [int(row[0]) for row in shared().query(Sql(text, {"product": product_id, "numbers": list(numbers)})).rows]


def _write_events(archive: ZipFile, product_id: int, number: int) -> None:
    """JSON lines and CSV; a member of a ZIP is written in one go, so the events are read twice."""
    with archive.open("events.jsonl", "w", force_zip64=True) as member:
        for event in _events(product_id, number):
            line = {**_columns(event), "properties": event.properties}
            member.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE))
    rows = (
        [*_columns(event).values(), orjson.dumps(event.properties, default=str).decode()]
        for event in _events(product_id, number)
    )
    _write_csv(archive, "events.csv", _COLUMNS, rows)


def _columns(event: TimelineEvent) -> dict[str, str]:
    values = (str(event.uuid), event.name, event.ts.isoformat(), event.distinct_id, event.account, event.session)
    return dict(zip(_COLUMNS[:-1], values, strict=True))


def _events(product_id: int, number: int) -> Iterator[TimelineEvent]:
    before: tuple[datetime, str] | None = None
    while page := person_timeline(product_id, number, before, _PAGE):
        yield from page
        before = (page[-1].ts, str(page[-1].uuid))


def _ids(product_id: int, number: int) -> list[tuple[str, bool, str]]:
    rows = DistinctId.objects.filter(product_id=product_id, owner=number).order_by("first_ms", "number")
    return [(name, known, _text(ms)) for name, known, ms in rows.values_list("distinct_id", "known", "first_ms")]


def _sessions(access: ProductAccess, person: Person) -> Iterator[tuple[str, str, str, int]]:
    offset = 0
    while page := sessions_of(access.product.pk, person.number, limit=_PAGE, offset=offset):
        offset += len(page)
        yield from ((one.id, one.start.isoformat(), one.end.isoformat(), one.events) for one in page)


def _write_csv(archive: ZipFile, name: str, head: Sequence[str], rows: Any) -> None:
    # With a mark at the start, without which spreadsheets read Chinese as something else.
    with (
        archive.open(name, "w", force_zip64=True) as member,
        io.TextIOWrapper(member, "utf-8-sig", newline="") as text,
    ):
        writer = csv.writer(text)
        writer.writerow(head)
        writer.writerows([_harmless(value) for value in row] for row in rows)


def _harmless(value: Any) -> Any:
    """What a spreadsheet would take for a formula gets an apostrophe (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")

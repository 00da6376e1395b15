"""The mapping file: how the rows of a foreign file become events. JSON or TOML, parsed once into frozen objects.

Every mistake in it is an InvalidInput whose `field` is the path of the entry at fault (`events[0].distinct_id`).
The user's page about importing describes each entry.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from yunying.apps.tracking.importing.packing import checked_encoding
from yunying.apps.tracking.importing.rules import (
    ROW_IN_GROUP,
    TESTS,
    Aggregate,
    ColumnType,
    Condition,
    FileMapping,
    Lookup,
    Rule,
    TimeSpec,
    Value,
    template_columns,
)
from yunying.apps.tracking.importing.spans import Span, parse_span
from yunying.base.errors import InvalidInput, msg

__all__ = [
    "ROW_IN_GROUP", "TESTS", "Aggregate", "ColumnType", "Condition", "FileMapping", "Lookup", "Rule", "TimeSpec",
    "Value", "load", "parse", "spanned", "template_columns",
]  # fmt: skip

_ENTRIES = (
    "source", "file", "columns", "group", "group_within", "time", "shift_days", "since", "until", "distinct_id",
    "lookups", "events",
)  # fmt: skip
_RULE_ENTRIES = (
    "name", "per", "when", "id", "uuid", "time", "distinct_id", "account", "session", "properties", "spread", "person",
    "account_properties",
)  # fmt: skip


def load(path: Path) -> FileMapping:
    """Read a mapping file. Raises InvalidInput when it is absent, no JSON or TOML, or not a mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise InvalidInput(
            "import.mapping_absent", msg("The mapping file %(path)s cannot be read."), path=str(path)
        ) from error
    except (ValueError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(
            "import.mapping_syntax",
            msg("The mapping file %(path)s is not well formed: %(why)s"),
            path=str(path),
            why=str(error),
        ) from error
    return parse(raw, default_source=path.stem)


def parse(raw: Mapping[str, Any], *, default_source: str = "import") -> FileMapping:
    """A mapping given as plain data. Raises InvalidInput naming the entry at fault."""
    _known(raw, "", *_ENTRIES)
    file = _table(raw.get("file", {}), "file")
    _known(file, "file", "format", "separator", "encoding", "header", "above", "sheet")
    events = raw.get("events")
    if not isinstance(events, list) or not events:
        raise _bad("events", msg("List at least one event."))
    group = _names(raw.get("group", ()), "group")
    rules = tuple(_rule(_table(one, f"events[{i}]"), f"events[{i}]", raw, group) for i, one in enumerate(events))
    canonical = json.dumps(raw, sort_keys=True, default=str, ensure_ascii=False)
    return FileMapping(
        source=str(raw.get("source", default_source)),
        rules=rules,
        types={
            str(k): _member(ColumnType, v, f"columns.{k}") for k, v in _table(raw.get("columns", {}), "columns").items()
        },
        format=_format(file.get("format")),
        separator=_separator(file.get("separator", ",")),
        encoding=checked_encoding(str(file.get("encoding", "utf-8"))),
        sheet=str(file.get("sheet", "")),
        header=_names(file.get("header", ()), "file.header"),
        above=_count(file.get("above", 0), "file.above"),
        group=group,
        group_within=_count(raw.get("group_within", 5000), "group_within"),
        lookups=tuple(
            _lookup(_table(one, f"lookups[{i}]"), f"lookups[{i}]") for i, one in enumerate(raw.get("lookups", ()))
        ),
        span=parse_span(raw),
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def spanned(mapping: FileMapping, span: Span) -> FileMapping:
    """The same mapping for another span. Its digest differs, so an import with it is one of its own."""
    if span == mapping.span:
        return mapping
    canonical = json.dumps([mapping.digest, span.to_json()], sort_keys=True)
    return replace(mapping, span=span, digest=hashlib.sha256(canonical.encode()).hexdigest())


def _rule(raw: Mapping[str, Any], at: str, whole: Mapping[str, Any], group: tuple[str, ...]) -> Rule:
    _known(raw, at, *_RULE_ENTRIES)
    per = raw.get("per", "row")
    if per not in ("row", "group") or (per == "group" and not group):
        raise _bad(f"{at}.per", msg("“per” is “row”, or “group” when the mapping names the columns of “group”."))
    time = raw.get("time", whole.get("time"))
    if time is None:
        raise _bad(f"{at}.time", msg("Say which column holds the time."))
    people, accounts = (_set_on(raw, at, entry) for entry in ("person", "account_properties"))
    if any(accounts) and "account" not in raw:
        raise _bad(f"{at}.account_properties", msg("Say which column holds the account these properties are of."))
    if "name" not in raw:
        raise _bad(f"{at}.name", msg("Give the event a name."))
    distinct_id = raw.get("distinct_id", whole.get("distinct_id"))
    if distinct_id is None:
        raise _bad(f"{at}.distinct_id", msg("Say who did it: a column or a template for “distinct_id”."))
    return Rule(
        name=_value(raw["name"], f"{at}.name", bare="constant"),
        distinct_id=_value(distinct_id, f"{at}.distinct_id"),
        time=_time(time, f"{at}.time"),
        per_group=per == "group",
        when=tuple(
            _condition(_table(one, f"{at}.when[{i}]"), f"{at}.when[{i}]") for i, one in enumerate(raw.get("when", ()))
        ),
        id=_names(raw.get("id", ()), f"{at}.id"),
        uuid=_column(raw.get("uuid"), f"{at}.uuid"),
        account=_value(raw["account"], f"{at}.account") if "account" in raw else None,
        session=_value(raw["session"], f"{at}.session") if "session" in raw else None,
        properties=_values(raw.get("properties", {}), f"{at}.properties"),
        spread=_names(raw.get("spread", ()), f"{at}.spread"),
        person_set=people[0],
        person_set_once=people[1],
        account_set=accounts[0],
        account_set_once=accounts[1],
    )


def _set_on(raw: Mapping[str, Any], at: str, entry: str) -> tuple[dict[str, Value], dict[str, Value]]:
    """What a rule sets on a person or account, and what it sets where nothing stands yet."""
    at = f"{at}.{entry}"
    table = _table(raw.get(entry, {}), at)
    _known(table, at, "set", "set_once")
    return _values(table.get("set", {}), f"{at}.set"), _values(table.get("set_once", {}), f"{at}.set_once")


def _values(raw: Any, at: str) -> dict[str, Value]:
    if isinstance(raw, list):
        return {name: Value(column=name) for name in _names(raw, at)}
    return {str(name): _value(one, f"{at}.{name}") for name, one in _table(raw, at).items()}


def _value(raw: Any, at: str, *, bare: str = "column") -> Value:
    if isinstance(raw, str):
        return Value(column=raw) if bare == "column" else Value(constant=raw)
    table = _table(raw, at)
    _known(table, at, "column", "value", "times", "template", "otherwise", "of", "digits", "absolute", "words")
    if sum(name in table for name in ("column", "value", "times", "template")) != 1 and table.get("of") != "count":
        raise _bad(at, msg("Give exactly one of “column”, “value”, “times” and “template”."))
    return Value(
        constant=table.get("value"),
        column=_column(table.get("column"), f"{at}.column"),
        times=_names(table.get("times", ()), f"{at}.times"),
        template=_template(table.get("template"), f"{at}.template"),
        otherwise=_value(table["otherwise"], f"{at}.otherwise") if "otherwise" in table else None,
        aggregate=_member(Aggregate, table.get("of", "first"), f"{at}.of"),
        digits=None if table.get("digits") is None else _count(table["digits"], f"{at}.digits"),
        absolute=bool(table.get("absolute", False)),
        words=_table(table.get("words", {}), f"{at}.words"),
    )


def _template(raw: Any, at: str) -> str | None:
    if raw is None:
        return None
    text = str(raw)
    if text.count("{") == text.count("}") == len([name for name in template_columns(text) if name]) > 0:
        return text
    raise _bad(at, msg("A template is text with at least one {column} in it, and no other braces."))


def _count(raw: Any, at: str) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 1_000_000:
        return raw
    raise _bad(at, msg("This must be a whole number from 0 to a million."))


def _time(raw: Any, at: str) -> TimeSpec:
    if isinstance(raw, str):
        return TimeSpec(raw)
    table = _table(raw, at)
    _known(table, at, "column", "format", "zone")
    zone = table.get("zone")
    try:
        if zone is not None:
            ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _bad(f"{at}.zone", msg("There is no timezone called “%(zone)s”."), zone=zone) from error
    if "column" not in table:
        raise _bad(f"{at}.column", msg("Say which column holds the time."))
    return TimeSpec(str(table["column"]), str(table.get("format", "iso")), None if zone is None else str(zone))


def _condition(raw: Mapping[str, Any], at: str) -> Condition:
    tests = [name for name in raw if name != "column"]
    if not isinstance(raw.get("column"), str) or len(tests) != 1 or tests[0] not in TESTS:
        raise _bad(at, msg("A condition is a column and one of %(tests)s."), tests=", ".join(TESTS))
    operand = raw[tests[0]]
    if operand in ([], None) or isinstance(operand, dict):
        raise _bad(at, msg("A condition compares with a value or a list of values."))
    return Condition(str(raw["column"]), tests[0], tuple(operand) if isinstance(operand, list) else (operand,))


def _lookup(raw: Mapping[str, Any], at: str) -> Lookup:
    _known(raw, at, "file", "on", "key", "columns")
    if not all(raw.get(name) for name in ("file", "on", "columns")):
        raise _bad(at, msg("A lookup needs “file”, “on” and “columns”."))
    key = str(raw.get("key", raw["on"]))
    return Lookup(str(raw["file"]), str(raw["on"]), key, _names(raw["columns"], f"{at}.columns"))


def _format(raw: Any) -> str | None:
    if raw in (None, "csv", "jsonl", "parquet", "xlsx"):
        return None if raw is None else str(raw)
    raise _bad("file.format", msg("The format is csv, jsonl, parquet or xlsx."))


def _separator(raw: Any) -> str:
    if raw == "spaces" or (isinstance(raw, str) and len(raw) == 1 and raw.isascii() and raw not in '\r\n"'):
        return str(raw)
    raise _bad("file.separator", msg("The separator is one character, or “spaces”."))


def _column(raw: Any, at: str) -> str | None:
    if raw is None or isinstance(raw, str):
        return raw
    raise _bad(at, msg("This must be the name of a column."))


def _member(kind: Any, raw: Any, at: str) -> Any:
    try:
        return kind(raw)
    except ValueError as error:
        raise _bad(at, msg("Choose one of %(choices)s."), choices=", ".join(kind)) from error


def _table(raw: Any, at: str) -> Mapping[str, Any]:
    if isinstance(raw, Mapping):
        return raw
    raise _bad(at, msg("This must be a table of names and values."))


def _names(raw: Any, at: str) -> tuple[str, ...]:
    if isinstance(raw, str):
        return (raw,)
    if isinstance(raw, (list, tuple)) and all(isinstance(one, str) for one in raw):
        return tuple(raw)
    raise _bad(at, msg("This must be a name or a list of names."))


def _known(raw: Mapping[str, Any], at: str, *names: str) -> None:
    for name in _unknown(raw, names):
        path = f"{at}.{name}" if at else name
        raise _bad(path, msg("There is no such entry here; known are %(names)s."), names=", ".join(names))


def _unknown(raw: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return sorted(set(raw) - set(names))


def _bad(at: str, why: str, **data: Any) -> InvalidInput:
    return InvalidInput("import.mapping", why, field=at, **data)

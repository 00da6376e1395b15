"""Forms of rows: to and from a page's address, and edited by the form's buttons.

The address is the whole state, so a page can be shared, bookmarked and gone back to; every edit is an address, so
going back is undoing. A form is a frozen dataclass of texts and lists of rows, and so is each row; how they stand in
an address is said at their fields: `s0.f1.property` is a text of the second `f` row of the first `s` row.
Reading never fails: what is not understood becomes the default, and the engine's `parse` says what cannot be asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

__all__ = ["Placed", "Query", "address_of", "edited", "inner", "parts_of", "read", "rows", "text", "texts"]

# More rows than a form offers are still read, so that the engine can say that they are too many.
MOST_READ = 100
Form = TypeVar("Form")


class Query(Protocol):
    """The part of Django's QueryDict that is needed here."""

    def __contains__(self, key: object, /) -> bool: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows inside a form: many under a letter (`f0.`, `f1.`), or one under a word (`start.`)."""

    key: str
    row: type
    most: int
    least: int
    many: bool


def text(default: str = "", *, name: str = "", always: bool = False) -> Any:
    """A text; the default stays out of the address unless `always`."""
    return field(default=default, metadata={"name": name, "always": always})


def texts(name: str) -> Any:
    """Any number of texts under one name."""
    return field(default=(), metadata={"texts": name})


def rows(key: str, row: type, *, most: int, least: int = 0) -> Any:
    """A list of rows of the dataclass `row`, at most `most` by the form's buttons, at least `least` always."""
    part = _Part(key, row, most, least, many=True)
    return field(default=tuple(row() for _ in range(least)), metadata={"part": part})


def inner(key: str, row: type) -> dict[str, Any]:
    """The metadata of one row with a place of its own."""
    return {"part": _Part(key, row, 1, 1, many=False)}


def parts_of(form: Any) -> list[tuple[str, "_Part"]]:
    """The fields that hold rows."""
    return [(f.name, f.metadata["part"]) for f in fields(form) if "part" in f.metadata]


def read(query: Query, form: type[Form], at: str = "") -> Form:
    """The form an address describes."""
    found: Form = _read(query, form, at, _heads(query))
    return found


def _heads(query: Query) -> set[str]:
    return {str(key)[: index + 1] for key in query for index, sign in enumerate(str(key)[:60]) if sign == "."}


def _read(query: Query, form: Any, at: str, heads: set[str]) -> Any:
    found: dict[str, Any] = {}
    for one in fields(form):
        part = one.metadata.get("part")
        if part is None:
            found[one.name] = _plain(query, at, one)
        elif part.many:
            places = _places(heads, at + part.key) or [f"{at}{part.key}{i}." for i in range(part.least)]
            found[one.name] = tuple(_read(query, part.row, place, heads) for place in places)
        else:
            found[one.name] = _read(query, part.row, f"{at}{part.key}.", heads)
    return form(**found)


def _plain(query: Query, at: str, one: Any) -> Any:
    if "texts" in one.metadata:
        return tuple(value for value in query.getlist(at + one.metadata["texts"]) if value)
    key = at + (one.metadata.get("name") or one.name)
    return (str(query[key]).strip() if key in query else "") or one.default


def _places(heads: set[str], start: str) -> list[str]:
    found = (re.fullmatch(re.escape(start) + r"([0-9]{1,4})\.", head) for head in heads if head.startswith(start))
    numbers = sorted({int(match[1]) for match in found if match})
    return [f"{start}{number}." for number in numbers[:MOST_READ]]


def address_of(form: Any) -> str:
    """The form as a query string without what is the default anyway."""
    return urlencode(list(_pairs(form, "")))


def _pairs(form: Any, at: str) -> Iterator[tuple[str, str]]:
    for one in fields(form):
        value, part = getattr(form, one.name), one.metadata.get("part")
        if part is not None and part.many:
            for index, row in enumerate(value):
                yield from _pairs(row, f"{at}{part.key}{index}.")
        elif part is not None:
            yield from _pairs(value, f"{at}{part.key}.")
        elif "texts" in one.metadata:
            yield from ((at + one.metadata["texts"], text) for text in value)
        elif one.metadata.get("always") or (value and value != one.default):
            yield at + (one.metadata.get("name") or one.name), value


def edited(form: Form, action: str) -> Form:
    """The form after a button: `add-s`, `drop-s1`, `copy-s1`, `up-s1`, `down-s1`, `move-s3-0`, `add-s0.f`, …

    An action that names nothing that exists changes nothing.
    """
    verb, _, path = action.partition("-")
    path, _, to = path.partition("-")
    found: Form = _edited(form, verb, path.split("."), to)
    return found


def _edited(form: Any, verb: str, path: list[str], to: str) -> Any:
    head, rest = path[0], path[1:]
    for name, part in parts_of(form):
        if not part.many and head == part.key and rest:
            return replace(form, **{name: _edited(getattr(form, name), verb, rest, to)})
        match = re.fullmatch(re.escape(part.key) + "([0-9]{0,4})", head) if part.many else None
        if match is None:
            continue
        old = getattr(form, name)
        index = int(match[1]) if match[1] else -1
        if not rest:
            return replace(form, **{name: _listed(old, part, verb, index, to)})
        if 0 <= index < len(old):
            return replace(form, **{name: (*old[:index], _edited(old[index], verb, rest, to), *old[index + 1 :])})
    return form


def _listed(old: tuple[Any, ...], part: _Part, verb: str, index: int, to: str) -> tuple[Any, ...]:
    """The list after a button of one of its rows, or of the list itself."""
    if verb == "add" and index < 0:
        return (*old, part.row()) if len(old) < part.most else old
    if not 0 <= index < len(old):
        return old
    others = (*old[:index], *old[index + 1 :])
    if verb == "drop":
        return others if len(others) >= part.least else old
    if verb == "copy":
        return (*old[: index + 1], *old[index:]) if len(old) < part.most else old
    place = {"up": index - 1, "down": index + 1, "move": int(to) if to.isdecimal() and len(to) < 5 else index}.get(verb)
    if place is None or not 0 <= place < len(old):
        return old
    return (*others[:place], old[index], *others[place:])


class Placed:
    """A form or row where it stands, for templates: its own fields, with rows in it placed as well.

    `at` begins the names of its fields (`s0.f1.`), `id` their ids (`s0-f1-`), `path` is what buttons name (`s0.f1`).
    """

    def __init__(self, row: Any, path: str = "", index: int = 0, count: int = 1) -> None:
        self.row, self.path, self.index, self.count = row, path, index, count
        self.at = f"{path}." if path else ""
        self.id = self.at.replace(".", "-")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self.row, name)
        part = self._rows.get(name)
        if part is None:
            return value
        if not part.many:
            return Placed(value, self.at + part.key)
        return [Placed(row, f"{self.at}{part.key}{i}", i, len(value)) for i, row in enumerate(value)]

    @cached_property
    def _rows(self) -> dict[str, _Part]:
        return dict(parts_of(self.row))

    @property
    def number(self) -> int:
        """Counted from one, as people do."""
        return self.index + 1

    @property
    def letter(self) -> str:
        """Counted from A, as formulas do."""
        return chr(ord("A") + self.index)

    @property
    def first(self) -> bool:
        return self.index == 0

    @property
    def last(self) -> bool:
        return self.index == self.count - 1

    @property
    def full(self) -> dict[str, bool]:
        """Which of its lists take no more rows."""
        return {name: len(getattr(self.row, name)) >= part.most for name, part in self._rows.items() if part.many}

    @property
    def spare(self) -> dict[str, bool]:
        """Which of its lists can lose a row."""
        return {name: len(getattr(self.row, name)) > part.least for name, part in self._rows.items() if part.many}

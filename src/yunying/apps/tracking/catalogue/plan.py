"""What a sheet would change in the catalogue, and carrying that out."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext as _

from yunying.apps.tracking.catalogue.sheet import SheetColumn, column_of
from yunying.apps.tracking.catalogue.words import announce_event, announce_property, describe, words_of
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, PropertyOf, State
from yunying.base.errors import InvalidInput, LimitReached, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.errors import problem_of

__all__ = ["MOST_BYTES", "Change", "Plan", "Problem", "apply_plan", "plan_of"]

MOST_BYTES = 5_000_000
MOST_LINES = 20_000
EVENT = "name"  # `of` of a change to an event itself; the others are PropertyOf

_FLAGS = frozenset({"is_order", "is_sign_up", "hidden", "required"})
_YES = frozenset({"yes", "true", "1", "y", "x", "✓", "√", "是"})
_NO = frozenset({"no", "false", "0", "n", "否"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the sheet (counted from 1, the heads) that cannot be used, and why."""

    line: int
    text: str


@dataclass(slots=True)
class Change:
    """New words of one entry; `before` has the old ones. `new`: the entry is announced by this."""

    of: str
    name: str
    words: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    new: bool = False
    line: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"of": self.of, "name": self.name, "words": self.words}


@dataclass(frozen=True, slots=True)
class Plan:
    """`unknown` are heads no column is known for; nothing of theirs is kept."""

    changes: list[Change]
    problems: list[Problem]
    unknown: list[str]


def plan_of(access: ProductAccess, name: str, content: bytes) -> Plan:
    """Read a sheet (CSV or xlsx by its name). Raises InvalidInput when it is none, LimitReached when too long."""
    access.require(Permission.MANAGE_DATA)
    rows = _rows(name, content)
    heads = [str(head or "").strip() for head in next(rows, [])]
    columns = [column_of(head) for head in heads]
    if not any(column and column.key in ("event", "property") for column in columns):
        raise InvalidInput(
            "sheet.heads",
            msg("The first line must name the columns; one of them is “Event”. Export the catalogue to see them."),
            field="file",
        )
    reader = _Reader(access, columns)
    for line, row in enumerate(rows, start=2):
        if line > MOST_LINES:
            raise LimitReached("sheet.too_long", msg("A sheet may have %(most)d lines. Split it."), most=MOST_LINES)
        reader.read(line, row)
    unknown = [head for head, column in zip(heads, columns, strict=True) if head and column is None]
    return Plan(reader.changed(), reader.problems, unknown)


def apply_plan(access: ProductAccess, changes: Sequence[Mapping[str, Any]]) -> tuple[int, list[Problem]]:
    """Carry out changes as `Change.to_json` gives them; how many entries changed, and what was refused.

    Each entry is changed as a whole or not at all.
    """
    access.require(Permission.MANAGE_DATA)
    done, problems = 0, []
    for number, one in enumerate(changes, start=1):
        try:
            with transaction.atomic():
                entry = _entry(access, str(one["of"]), str(one["name"]))
                done += describe(access=access, entries=[entry], words=dict(one["words"]))
        except YunyingError as error:
            problems.append(Problem(number, f"{one['name']}: {problem_of(error).detail}"))
        except (KeyError, TypeError, ValueError):
            raise InvalidInput("sheet.changes", msg("These changes cannot be read. Upload the sheet again.")) from None
    return done, problems


def _entry(access: ProductAccess, of: str, name: str) -> EventDefinition | PropertyDefinition:
    if of == EVENT:
        return announce_event(access=access, name=name)
    return announce_property(access=access, of=PropertyOf(of), name=name)


class _Reader:
    """Gathers what the lines of a sheet say about each entry."""

    def __init__(self, access: ProductAccess, columns: Sequence[SheetColumn | None]) -> None:
        self._columns = columns
        self._event = ""
        self._found: dict[tuple[str, str], Change] = {}
        self.problems: list[Problem] = []
        product = access.product
        self._known: dict[tuple[str, str], Any] = {
            (EVENT, row.name): row for row in EventDefinition.objects.filter(product=product)
        }
        self._known |= {(row.of, row.name): row for row in PropertyDefinition.objects.filter(product=product)}
        self._members = {}
        for member in product_members(access):
            self._members[member.user.shown_name.casefold()] = member.user.pk
            self._members[member.user.email.casefold()] = member.user.pk

    def read(self, line: int, row: Sequence[Any]) -> None:
        cells = {
            column.key: (column, text)
            for column, value in zip(self._columns, row, strict=False)
            if column and (text := _text(value))
        }
        if not cells:
            return
        of = self._side(line, cells)
        # In the sheets people keep, the event stands once, at the first of its properties.
        self._event = cells["event"][1] if "event" in cells else "" if of != PropertyOf.EVENT else self._event
        if of is None:
            return
        if self._event:
            self._note(line, EVENT, self._event, cells, "event")
        if "property" in cells:
            self._note(line, of, cells["property"][1], cells, "property")
        elif not self._event:
            self.problems.append(Problem(line, _("This line names neither an event nor a property.")))

    def changed(self) -> list[Change]:
        """The entries of which something would be new."""
        return [change for change in self._found.values() if change.words or change.new]

    def _side(self, line: int, cells: Mapping[str, tuple[SheetColumn, str]]) -> str | None:
        given = cells["property_of"][1] if "property_of" in cells else ""
        of = _meant(given, {of.value: of.label for of in PropertyOf}) if given else PropertyOf.EVENT.value
        if of is None:
            self.problems.append(Problem(line, _("%(text)s is neither event, person nor account.") % {"text": given}))
        return of

    def _note(self, line: int, of: str, name: str, cells: Mapping[str, tuple[SheetColumn, str]], about: str) -> None:
        entry = self._known.get((of, name))
        change = self._found.setdefault((of, name), Change(of, name, new=entry is None, line=line))
        known = words_of(entry) if entry else {}
        for column, text in cells.values():
            if column.of != about or not column.word:
                continue
            try:
                value = self._value(column.word, text)
            except ValueError as error:
                self.problems.append(Problem(line, f"{column.label}: {error}"))
                continue
            if known.get(column.word, False if column.word in _FLAGS else "") != value:
                change.words[column.word] = value
                change.before[column.word] = known.get(column.word, "")

    def _value(self, word: str, text: str) -> Any:
        if word in _FLAGS:
            answer = _meant(text, {"yes": "Yes", "no": "No"})
            plain = text.casefold()
            if answer is None and plain not in _YES | _NO:
                raise ValueError(_("write yes or no"))
            return answer == "yes" or plain in _YES
        if word == "state":
            state = _meant(text, {one.value: one.label for one in State}, _CHINESE_STATES)
            if state is None:
                raise ValueError(_("%(text)s is no state") % {"text": text})
            return state
        if word == "owner_id":
            if text.casefold() not in self._members:
                raise ValueError(_("%(text)s is no member of this product") % {"text": text})
            return self._members[text.casefold()]
        return text


_CHINESE_STATES = {
    "草拟": "draft",
    "草稿": "draft",
    "评审": "review",
    "开发": "development",
    "自测": "self_test",
    "验收": "acceptance",
    "上线": "live",
    "已上线": "live",
    "废弃": "retired",
}


def _meant(text: str, choices: Mapping[str, Any], also: Mapping[str, str] | None = None) -> str | None:
    """The choice whose value or label, in any language of the program, `text` is."""
    plain = text.casefold()
    for value, label in choices.items():
        if plain == value.casefold():
            return value
        for language, _name in settings.LANGUAGES:
            with override(language):
                if plain in (str(label).casefold(), gettext(str(label)).casefold()):
                    return value
    return (also or {}).get(text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    # The apostrophe that keeps a spreadsheet from taking text for a formula; see ui.exports.
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@" else text


def _rows(name: str, content: bytes) -> Iterator[Sequence[Any]]:
    if len(content) > MOST_BYTES:
        raise LimitReached("sheet.too_big", msg("A sheet may have %(most)d MB."), field="file", most=5)
    if name.lower().endswith(".xlsx"):
        return _workbook(content)
    return iter(csv.reader(io.StringIO(_decoded(content))))


def _decoded(content: bytes) -> str:
    # Excel in Chinese writes CSV in GB 18030 unless told otherwise.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InvalidInput(
        "sheet.unreadable", msg("This is neither a CSV text nor an Excel workbook (xlsx)."), field="file"
    )


def _workbook(content: bytes) -> Iterator[Sequence[Any]]:
    # Here: loaded with the first sheet, not with the first page.
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception:  # the reader raises whatever it meets in a file that is none
        raise InvalidInput(
            "sheet.unreadable", msg("This is neither a CSV text nor an Excel workbook (xlsx)."), field="file"
        ) from None
    yield from book.worksheets[0].iter_rows(values_only=True)

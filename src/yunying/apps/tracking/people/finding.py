"""Finding people among very many: one scan of their copies in the event store, and only the rows of a page come out.

Half a million people are counted, searched and paged in well under a second; nothing is searched in Python.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

from yunying.apps.tracking.ids import shown_ids
from yunying.apps.tracking.models import DistinctId
from yunying.apps.tracking.people.activity import last_seen
from yunying.base import clock, zones
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.engine.filters import Condition, Filter, Group, Of, Operator, conditions, parse_filter
from yunying.engine.reading import Node
from yunying.engine.scan import Binder, nested, people, scan
from yunying.engine.terms import property_test
from yunying.platform.products.models import Product
from yunying.store import OWNER, Sql, shared

__all__ = ["DAYS", "SORTS", "FoundPeople", "PersonRow", "Wanted", "called", "filter_test", "person_filter"]

# What a property has to be called for its value to be what a person is called by, the best first.
_NAMES = ("name", "full_name", "fullName", "$name", "姓名", "username", "nickname", "昵称")
_REACHED = ("email", "$email", "邮箱", "phone", "$phone", "mobile", "手机号", "手机")
NAMES = _NAMES + _REACHED
SORTS = {"born": "born", "seen": "seen", "identified": "identified"}

_STEP = 2_000
DAYS = ("first_from", "first_to", "seen_from", "unseen_since")

# Ids and values of properties; the text of all properties is looked at first, because taking it apart costs more.
_SEARCH = """(
    positionCaseInsensitiveUTF8(ids, {text}) > 0
    OR has({exact}, person)
    OR (
        positionCaseInsensitiveUTF8(props, {quoted}) > 0
        AND arrayExists(
            pair -> positionCaseInsensitiveUTF8(pair.2, {text}) > 0,
            JSONExtractKeysAndValues(props, 'String')
        )
    )
)"""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as lists show them. `name` is what their properties call them, else `distinct_id`.

    `distinct_id` is the one of their ids that tells most: under which they signed in, else the earliest.
    `seen` is when their newest event happened, None where it was not asked for or nothing is stored.
    """

    number: int
    distinct_id: str
    name: str
    born: datetime
    identified: bool
    properties: dict[str, Any]
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is looked for. All of it must hold; empty, everybody.

    `query` is part of an id or of a property's value. `filters` are conditions on properties of people. The days are
    those of the product's zone: first seen from/to (inclusive), last seen on `seen_from` or later, and not seen since
    the beginning of `unseen_since`.
    """

    query: str = ""
    filters: Group = field(default_factory=Group)
    identified: bool | None = None
    first_from: date | None = None
    first_to: date | None = None
    seen_from: date | None = None
    unseen_since: date | None = None

    @property
    def narrowed(self) -> bool:
        return self != Wanted()


class FoundPeople(Sequence[PersonRow]):
    """The people `wanted`, in order; counted and read when asked, a page at a time.

    `sort` is a key of SORTS, `-` in front for descending. Raises what the event store raises: LimitReached when it
    takes too long, Unavailable. A day that no event can have is InvalidInput.
    """

    def __init__(self, product: Product, wanted: Wanted, sort: str = "-born") -> None:
        for name in DAYS:
            day: date | None = getattr(wanted, name)
            if day and not 1900 < day.year < 2200:
                raise InvalidInput("people.day", msg("Use a day between 1901 and 2199."), field=name)
        self._product = product
        self._wanted = wanted
        self._sort = sort if sort.removeprefix("-") in SORTS else "-born"

    def narrowed(self, query: str, filters: Any, sort: str) -> "FoundPeople":
        """The same, as a list's search box, choices and headings have it."""
        known = {"yes": True, "no": False}.get(filters.get("known", ""))
        # U+0000 is in no text that was taken in, and PostgreSQL does not even let it be asked for.
        wanted = replace(self._wanted, query=query.replace("\x00", ""), identified=known)
        return FoundPeople(self._product, wanted, sort)

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def numbers(self, most: int) -> tuple[int, ...]:
        """The numbers of all of them, in no order. Raises LimitReached where there are more than `most`."""
        binder = self._binder()
        sql = "SELECT person\n" + self._where(binder) + f"\nLIMIT {binder.bind('limit', most + 1, 'UInt32')}"
        found = tuple(int(row[0]) for row in shared().query(Sql(sql, binder.params)).rows)
        if len(found) > most:
            raise LimitReached(
                "people.too_many", msg("There are more than %(most)s people. Narrow it down."), most=most
            )
        return found

    @cached_property
    def _count(self) -> int:
        binder = self._binder()
        sql = "SELECT count()\n" + self._where(binder)
        return int(shared().query(Sql(sql, binder.params)).one()[0])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        first, last, _step = part.indices(1 << 40)
        return self._read(first, last - first)

    def __iter__(self) -> Iterator[PersonRow]:
        for first in range(0, len(self), _STEP):
            yield from self._read(first, _STEP)

    def _read(self, first: int, count: int) -> list[PersonRow]:
        binder = self._binder()
        window = f"LIMIT {binder.bind('limit', count, 'UInt32')} OFFSET {binder.bind('offset', first, 'UInt64')}"
        key, down = self._sort.removeprefix("-"), self._sort.startswith("-")
        # Somebody without any event has no time of the last one; they come last in both directions.
        order = f"ORDER BY {SORTS[key]} {'DESC' if down else 'ASC'} NULLS LAST, person\n"
        listed = "SELECT person, born, props, identified, seen\n"
        sql = listed + self._where(binder, seen=key == "seen") + "\n" + order + window
        if key != "seen":
            sql = sql.replace("identified, seen\n", "identified, NULL AS seen\n", 1)
        found = shared().query(Sql(sql, binder.params)).rows
        ids = shown_ids([row[0] for row in found])
        rows = [_row(row, ids.get(row[0], "")) for row in found]
        if key == "seen":
            return rows
        seen = last_seen(self._product.pk, [row.number for row in rows])
        return [replace(row, seen=seen.get(row.number)) for row in rows]

    def _binder(self) -> Binder:
        return Binder(self._product.pk, shared().columns())

    def _where(self, binder: Binder, *, seen: bool = False) -> str:
        conditions = [f"{OWNER} = person", *self._days(binder), *self._conditions(binder)]
        if self._wanted.identified is not None:
            conditions.append(f"identified = {binder.bind('identified', int(self._wanted.identified), 'UInt8')}")
        if self._wanted.query:
            conditions.append(self._search(binder))
        text = people(binder, "\n  AND ".join(conditions))
        return text.replace("\n", f"\n{_last_times(binder)}\n", 1) if seen else text

    def _search(self, binder: Binder) -> str:
        query = self._wanted.query
        # Only a part of very many ids is copied; an id that is typed in full leads to its person all the same.
        exact = DistinctId.objects.filter(product=self._product, distinct_id=query).values_list("owner", flat=True)[:1]
        quoted = orjson.dumps(query).decode()[1:-1]
        return _SEARCH.format(
            text=binder.bind("text", query, "String"),
            quoted=binder.bind("quoted", quoted, "String"),
            exact=binder.bind("exact", list(exact), "Array(UInt32)"),
        )

    def _conditions(self, binder: Binder) -> list[str]:
        test = filter_test(binder, self._wanted.filters, self._product)
        return [test] if test else []

    def _days(self, binder: Binder) -> Iterator[str]:
        wanted, zone = self._wanted, self._product.zone
        if wanted.first_from:
            yield f"born >= {binder.moment('first_from', zones.day_start(wanted.first_from, zone))}"
        if wanted.first_to:
            end = zones.day_start(wanted.first_to + timedelta(days=1), zone)
            yield f"born < {binder.moment('first_to', end)}"
        if wanted.seen_from:
            yield "person IN " + _active(binder, zones.day_start(wanted.seen_from, zone))
        if wanted.unseen_since:
            yield "person NOT IN " + _active(binder, zones.day_start(wanted.unseen_since, zone))


def person_filter(text: str, name: str = "", value: str = "") -> Group:
    """A filter on properties of people: JSON text as reports have it, and one property with a value or any.

    Raises InvalidInput for what is no such filter.
    """
    try:
        given = orjson.loads(text) if text.strip() else None
    except orjson.JSONDecodeError:
        raise InvalidInput("people.filters", msg("This is not JSON."), field="filters") from None
    tree = parse_filter(Node(given, "filters") if given is not None else None)
    if any(one.of is not Of.PERSON or one.operator.positive is Operator.IN_COHORT for one in conditions(tree)):
        raise InvalidInput("people.filters_of", msg("Filter people by their own properties."), field="filters")
    if not name:
        return tree
    extra = Condition(Of.PERSON, name, Operator.EXACT if value else Operator.IS_SET, (value,) if value else ())
    return Group("and", (tree, extra) if tree.items else (extra,))


def called(properties: dict[str, Any]) -> str:
    """What a person's properties call them; empty when none does."""
    values = (properties.get(key) for key in NAMES)
    # A phone may have come as a number.
    texts = (str(value).strip() if type(value) in (str, int) else "" for value in values)
    return next((text for text in texts if text), "")


def _row(row: tuple[Any, ...], shown: str) -> PersonRow:
    number, born, props, identified, seen = row
    properties = orjson.loads(props or "{}")
    return PersonRow(
        number, shown, called(properties) or shown or str(number), born, bool(identified), properties, seen
    )


def filter_test(binder: Binder, tree: Filter, product: Product) -> str:
    """A filter on properties as a test of rows of people or accounts; empty when it asks for nothing."""
    if isinstance(tree, Condition):
        test = property_test(binder, tree, product.zone)
        return f"NOT ({test})" if tree.operator.negative else test
    parts = [part for item in tree.items if (part := filter_test(binder, item, product))]
    return "(" + f" {tree.op.upper()} ".join(parts) + ")" if parts else ""


def _active(binder: Binder, since: datetime) -> str:
    """The people with an event since then; second copies of events make no difference."""
    spans = [(since, _ever())]
    return nested(f"SELECT {OWNER}\n" + scan(binder, events=(), spans=spans, where=(), exact=False))


def _last_times(binder: Binder) -> str:
    events = scan(binder, events=(), spans=[(None, _ever())], where=(), exact=False)
    times = nested(f"SELECT {OWNER} AS person, toNullable(max(ts)) AS seen\n{events}\nGROUP BY person")
    return f"LEFT JOIN {times} AS times USING person"


def _ever() -> datetime:
    """Later than any event that is taken in."""
    return clock.now() + timedelta(days=3650)

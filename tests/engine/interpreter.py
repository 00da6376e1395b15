"""The judge: trends worked out slowly and obviously from a plain list of events.

Nothing here is shared with the engine but the two forms of a property value (`store.values`). Every number
is "the measure of these events"; the rest is choosing the events. Clocks are read minute by minute.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import re2

from yunying.store import number_form, text_form

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
NOMINAL_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 30, "quarter": 90, "year": 365}
COUNTING = {"count", "people", "accounts", "sessions", "rolling_people", "sum", "first_time"}
REST = "the rest"

Number = int | float | None
Picker = Callable[["Thing"], bool]


@dataclass(frozen=True)
class Thing:
    """One event."""

    uuid: str
    name: str
    number: int
    at: datetime
    props: dict[str, Any]
    account: str = ""
    session: str = ""


@dataclass
class World:
    """Events as they came (copies included), who owns which number today, people and accounts as they are now."""

    events: list[Thing]
    owners: dict[int, int] = field(default_factory=dict)
    people: dict[int, dict[str, Any]] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    born: dict[int, datetime] = field(default_factory=dict)
    # Whether a cohort has a person, and the names of cohorts; see `cohort_interpreter`.
    belongs: Callable[[int, int], bool] = lambda cohort, who: False
    cohort_names: dict[int, str] = field(default_factory=dict)

    def once(self) -> list[Thing]:
        return list({event.uuid: event for event in self.events}.values())

    def who(self, event: Thing) -> int:
        return self.owners.get(event.number, event.number)

    def props(self, of: str, event: Thing) -> dict[str, Any]:
        if of == "person":
            return self.people.get(self.who(event), {})
        return self.accounts.get(event.account, {}) if of == "account" else event.props


@dataclass(frozen=True)
class Row:
    series: str
    values: tuple[str, ...] | str
    points: tuple[Number, ...]
    total: Number


# --- clocks -------------------------------------------------------------------------------------------------------


def shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=100_000)
def first_instant(clock: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows `clock`, or jumps over it.

    Looks at every minute from a day before, of quarters of an hour at the last only: clocks jump between quarters.
    """
    spare = timedelta(seconds=clock.second, microseconds=clock.microsecond)
    at = clock.replace(minute=0, second=0, microsecond=0, tzinfo=UTC) - DAY
    while shown(at + QUARTER - MINUTE, zone) < clock - spare:
        at += QUARTER
    while shown(at, zone) < clock - spare:
        at += MINUTE
    return at + spare if shown(at, zone) == clock - spare else at


@lru_cache(maxsize=1000)
def hour_starts(start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every instant at which the clock shows a full hour or jumps over one, from before `start` until after `end`."""
    at = start.replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    found = []
    while not found or found[-1] < end:
        clock, before = shown(at, zone), shown(at - MINUTE, zone)
        if clock.minute == 0 or clock.replace(minute=0) > before.replace(minute=0):
            found.append(at)
        at += MINUTE
    return found


def bucket_day(day: date, interval: str, week_start: int) -> date:
    """The first day of the bucket that holds `day`."""
    if interval == "day":
        return day
    if interval == "week":
        while day.isoweekday() != week_start:
            day -= DAY
        return day
    months = {"month": 1, "quarter": 3, "year": 12}[interval]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


@dataclass(frozen=True)
class Period:
    """`start` and `end` are instants, `end` exclusive; `buckets` tell which events they hold."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    interval: str
    week_start: int

    def holds(self, event: Thing) -> bool:
        return self.start <= event.at < self.end

    @lru_cache(maxsize=1000)  # noqa: B019 - periods are few and small
    def starts(self) -> list[Any]:
        """What names the buckets: instants for hours, first days for the others."""
        if self.interval == "hour":
            hours = hour_starts(self.start, self.end, self.zone)
            first = max(i for i, hour in enumerate(hours) if hour <= self.start)
            return [hour for hour in hours[first:] if hour < self.end]
        day, found = shown(self.start, self.zone).date(), []
        while first_instant(datetime.combine(day, datetime.min.time()), self.zone) < self.end:
            if not self._skipped(day) and bucket_day(day, self.interval, self.week_start) not in found:
                found.append(bucket_day(day, self.interval, self.week_start))
            day += DAY
        return found

    def _skipped(self, day: date) -> bool:
        midnight = datetime.combine(day, datetime.min.time())
        return first_instant(midnight, self.zone) == first_instant(midnight + DAY, self.zone)

    def bucket(self, at: datetime, starts: list[Any]) -> Any:
        """The name of the bucket that holds an instant."""
        if self.interval == "hour":
            return max(start for start in starts if start <= at)
        return bucket_day(shown(at, self.zone).date(), self.interval, self.week_start)


def period_of(question: dict[str, Any], zone: ZoneInfo, week_start: int, now: datetime) -> Period:
    asked, interval = question["range"], question.get("interval", "day")
    if "last" in asked:
        return _last(asked, zone, week_start, now, interval)
    start, end = datetime.fromisoformat(asked["from"]), datetime.fromisoformat(asked["to"])
    last = end + DAY if len(asked["to"]) == 10 else end + timedelta(milliseconds=1)
    return Period(first_instant(start, zone), _late(end, last, zone), zone, interval, week_start)


def _late(end: datetime, last: datetime, zone: ZoneInfo) -> datetime:
    if last - end == DAY:
        return first_instant(last, zone)
    return first_instant(end, zone) + (last - end)


def _last(asked: dict[str, Any], zone: ZoneInfo, week_start: int, now: datetime, interval: str) -> Period:
    today = shown(now, zone).date()
    first = bucket_day(today, asked["unit"], week_start)
    end = first
    while bucket_day(end, asked["unit"], week_start) == first:
        end += DAY
    for _ in range(asked["last"] - 1):
        first = bucket_day(first - DAY, asked["unit"], week_start)
    moments = (first_instant(datetime.combine(day, datetime.min.time()), zone) for day in (first, end))
    return Period(*moments, zone, interval, week_start)


def earlier(period: Period, to: str) -> Period:
    """The period before, or the same one earlier; whole local days only."""
    start, end = shown(period.start, period.zone).date(), shown(period.end, period.zone).date()
    if to == "previous":
        first, last = start - (end - start), start
    elif to == "week":
        first, last = start - 7 * DAY, end - 7 * DAY
    else:
        first, last = (_months_back(day, {"month": 1, "quarter": 3, "year": 12}[to]) for day in (start, end))
        last = last if last > first else first + (end - start)
    moments = (first_instant(datetime.combine(day, datetime.min.time()), period.zone) for day in (first, last))
    return Period(*moments, period.zone, period.interval, period.week_start)


def _months_back(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    for last in (day.day, 30, 29, 28):
        try:
            return date(month // 12, month % 12 + 1, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError


# --- filters ------------------------------------------------------------------------------------------------------


def matches(tree: dict[str, Any] | None, event: Thing, world: World, zone: ZoneInfo) -> bool:
    if tree is None:
        return True
    if "items" in tree:
        results = [matches(item, event, world, zone) for item in tree["items"] if item.get("items") != []]
        return all(results) if tree.get("op", "and") == "and" else any(results) or not results
    if tree["operator"] in ("in_cohort", "not_in_cohort"):
        found = any(world.belongs(cohort, world.who(event)) for cohort in tree["values"])
        return found == (tree["operator"] == "in_cohort")
    value = world.props(tree.get("of", "event"), event).get(tree["property"])
    return holds(tree["operator"], value, tree.get("values", []), zone)


def holds(operator: str, value: Any, wanted: list[Any], zone: ZoneInfo) -> bool:
    negated = {"is_not": "exact", "not_contains": "contains", "not_regex": "regex", "is_not_set": "is_set"}
    if operator in negated:
        return not holds(negated[operator], value, wanted, zone)
    text, number = text_form(value), number_form(text_form(value))
    if text == "":
        return False
    tests: dict[str, Callable[[], bool]] = {
        "is_set": lambda: True,
        "exact": lambda: text in [text_form(w) for w in wanted],
        "contains": lambda: any(_contains(text, text_form(w)) for w in wanted),
        "regex": lambda: any(_pattern(w).search(text) for w in wanted),
        "gt": lambda: number is not None and number > float(wanted[0]),
        "gte": lambda: number is not None and number >= float(wanted[0]),
        "lt": lambda: number is not None and number < float(wanted[0]),
        "lte": lambda: number is not None and number <= float(wanted[0]),
        "between": lambda: number is not None and float(wanted[0]) <= number <= float(wanted[1]),
        "date_after": lambda: _dated(text, wanted[0], zone, after=True),
        "date_before": lambda: _dated(text, wanted[0], zone, after=False),
    }
    return bool(tests[operator]())


def _pattern(text: str) -> Any:
    options = re2.Options()
    options.dot_nl = True
    return re2.compile(text, options)


def _contains(text: str, part: str) -> bool:
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        listed = None
    if isinstance(listed, list):
        return part.lower() in [text_form(element).lower() for element in listed]
    return part.lower() in text.lower()


def _dated(text: str, wanted: str, zone: ZoneInfo, *, after: bool) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?", text):
        return False
    try:
        value, edge = datetime.fromisoformat(text), datetime.fromisoformat(wanted)
    except ValueError:
        return False
    if after and len(wanted) == 10:
        edge, compare = edge + DAY, lambda a, b: a >= b
    else:
        compare = (lambda a, b: a > b) if after else (lambda a, b: a < b)
    if value.tzinfo is None:
        return bool(compare(value, shown(edge, zone) if edge.tzinfo else edge))
    return bool(compare(value, edge if edge.tzinfo else first_instant(edge, zone)))


# --- measures -----------------------------------------------------------------------------------------------------


def measured(series: dict[str, Any], events: Iterable[Thing], world: World) -> Number:
    """The measure of these events."""
    measure, events = series.get("measure", "count"), list(events)
    per_person = [sum(world.who(e) == who for e in events) for who in {world.who(e) for e in events}]
    numbers = sorted(amount for e in events if (amount := _amount(series, e)) is not None)
    counts: dict[str, Callable[[], Number]] = {
        "count": lambda: len(events),
        "first_time": lambda: len(events),
        "people": lambda: len(per_person),
        "rolling_people": lambda: len(per_person),
        "accounts": lambda: len({e.account for e in events}),
        "sessions": lambda: len({e.session for e in events}),
        "sum": lambda: math.fsum(numbers),
    }
    if measure in counts:
        return counts[measure]()
    of = sorted(per_person) if measure.startswith("per_person_") else numbers
    return _statistic(measure.removeprefix("per_person_"), of, series.get("percentile", 50)) if of else None


def _amount(series: dict[str, Any], event: Thing) -> float | None:
    return number_form(text_form(event.props.get(series.get("property", ""))))


def _statistic(name: str, numbers: list[Any], percentile: float) -> float:
    if name == "avg":
        return math.fsum(numbers) / len(numbers)
    if name in ("min", "max"):
        return float({"min": min, "max": max}[name](numbers))
    place = (0.5 if name == "median" else percentile / 100) * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return float(numbers[low] + (place - low) * (numbers[high] - numbers[low]))


def speaks(series: dict[str, Any], event: Thing) -> bool:
    """Whether the event says anything to the measure."""
    measure = series.get("measure", "count")
    if measure in ("accounts", "sessions"):
        return bool(getattr(event, measure[:-1]))
    if measure in ("sum", "avg", "min", "max", "median", "percentile"):
        return _amount(series, event) is not None
    return True


# --- trends -------------------------------------------------------------------------------------------------------


def answer(question: dict[str, Any], world: World, zone: ZoneInfo, week_start: int, now: datetime) -> list[list[Row]]:
    """The rows of the period, and those of the earlier period if one is asked for."""
    period = period_of(question, zone, week_start, now)
    periods = [period] + ([earlier(period, question["compare"]["to"])] if question.get("compare") else [])
    tops = _tops(question, world, period)
    return [_rows(question, world, each, tops) for each in periods]


def _letters(question: dict[str, Any]) -> str:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(question["series"])]


def _events(question: dict[str, Any], series: dict[str, Any], world: World, period: Period) -> list[Thing]:
    """The matching events up to the end of the period; for first_time only everybody's first."""
    found = [
        event
        for event in world.once()
        if event.at < period.end
        and series.get("event") in (None, event.name)
        and matches(question.get("filters"), event, world, period.zone)
        and matches(series.get("filters"), event, world, period.zone)
        and speaks(series, event)
    ]
    if series.get("measure") != "first_time":
        return found
    first: dict[int, Thing] = {}
    for event in sorted(found, key=lambda e: (e.at, e.uuid)):
        first.setdefault(world.who(event), event)
    return list(first.values())


def _values(question: dict[str, Any], event: Thing, world: World) -> list[tuple[str, ...]]:
    """The event's breakdown values, all under which it counts; [()] without a breakdown."""
    return list(product(*(_values_by(by, event, world) for by in question.get("breakdown", []))))


def _values_by(by: dict[str, Any], event: Thing, world: World) -> list[str]:
    if by.get("of") == "cohort":
        return [world.cohort_names[c] for c in by["cohorts"] if world.belongs(c, world.who(event))]
    return [text_form(world.props(by.get("of", "event"), event).get(by["property"]))]


def _total(series: dict[str, Any], events: list[Thing], world: World, period: Period) -> Number:
    return measured(series, (event for event in events if _in_total(series, period)(event)), world)


def _in_total(series: dict[str, Any], period: Period) -> Picker:
    if series.get("measure") != "rolling_people":
        return period.holds
    days = series.get("window_days", 7)
    start = first_instant(shown(period.end, period.zone) - days * DAY, period.zone)
    return lambda event: start <= event.at < period.end


def _tops(question: dict[str, Any], world: World, period: Period) -> list[list[tuple[str, ...]]]:
    """For each series the breakdown values that are shown by name; the same for all under a formula."""
    if not question.get("breakdown"):
        return [[()] for _ in question["series"]]
    if always := _always(question, world):
        return [always] * len(question["series"])
    totals = []
    for series in question["series"]:
        groups: dict[tuple[str, ...], list[Thing]] = {}
        for event in _events(question, series, world, period):
            if _counts(series, event, period):
                for values in _values(question, event, world):
                    groups.setdefault(values, []).append(event)
        totals.append({v: _total(series, events, world, period) for v, events in groups.items() if any(v)})
    if question.get("formula"):
        return [_first(question, totals)] * len(totals)
    return [_first(question, [one]) for one in totals]


def _counts(series: dict[str, Any], event: Thing, period: Period) -> bool:
    if series.get("measure") == "rolling_people":
        return _looked_at(series, event, period)
    return period.holds(event)


def _looked_at(series: dict[str, Any], event: Thing, period: Period) -> bool:
    """Whether a rolling measure reads the event for any bucket or the total."""
    starts = period.starts()
    return _in_total(series, period)(event) or any(
        _window(series, period, starts, i)(event) for i in range(len(starts))
    )


def _first(question: dict[str, Any], totals: list[dict[tuple[str, ...], Number]]) -> list[tuple[str, ...]]:
    def rank(values: tuple[str, ...]) -> Any:
        return [(one.get(values) is None, -(one.get(values) or 0)) for one in totals], values

    return sorted({v for one in totals for v in one}, key=rank)[: question.get("breakdown_limit", 25)]


def _rows(question: dict[str, Any], world: World, period: Period, tops: list[list[tuple[str, ...]]]) -> list[Row]:
    starts, found = period.starts(), []
    for letter, series, top in zip(_letters(question), question["series"], tops, strict=True):
        groups: dict[Any, list[Thing]] = {values: [] for values in _always(question, world)}
        for event in _events(question, series, world, period):
            if not _counts(series, event, period):
                continue
            for values in _values(question, event, world):
                group = groups.setdefault(values if values in top or not any(values) else REST, [])
                if event not in group[-1:]:  # once in the remainder, however many of its cohorts are in it
                    group.append(event)
        found += [_row(question, letter, series, v, events, world, period, starts) for v, events in groups.items()]
    return found + (_formula(question, found, len(starts)) if question.get("formula") else [])


def _always(question: dict[str, Any], world: World) -> list[tuple[str, ...]]:
    """The rows that are there even of nothing: the only one, and cohorts that were chosen one by one."""
    by = question.get("breakdown") or []
    if len(by) == 1 and by[0].get("of") == "cohort":
        return [(world.cohort_names[cohort],) for cohort in by[0]["cohorts"]]
    return [] if by else [()]


def _row(
    question: dict[str, Any],
    letter: str,
    series: dict[str, Any],
    values: tuple[str, ...] | str,
    events: list[Thing],
    world: World,
    period: Period,
    starts: list[Any],
) -> Row:
    inside = [event for event in events if period.holds(event)]
    points = []
    for i, start in enumerate(starts):
        if series.get("measure") == "rolling_people":
            chosen = [event for event in events if _window(series, period, starts, i)(event)]
        elif question.get("display") == "cumulative":
            chosen = [event for event in inside if period.bucket(event.at, starts) <= start]
        else:
            chosen = [event for event in inside if period.bucket(event.at, starts) == start]
        points.append(measured(series, chosen, world))
    return Row(letter, values, tuple(points), _total(series, events, world, period))


def _window(series: dict[str, Any], period: Period, starts: list[Any], i: int) -> Picker:
    """Which events a rolling measure reads for bucket `i`."""
    days, zone = series.get("window_days", 7), period.zone
    if NOMINAL_DAYS[period.interval] >= days:
        return lambda event: period.holds(event) and period.bucket(event.at, starts) == starts[i]
    if period.interval == "hour":
        end = hour_starts(period.start, period.end + DAY, zone)
        after = min(hour for hour in end if hour > starts[i])
        return lambda event: after - timedelta(hours=24 * days) <= event.at < min(after, period.end)
    last = starts[i]
    while bucket_day(last + DAY, period.interval, period.week_start) == starts[i]:
        last += DAY
    first = last - (days - 1) * DAY
    return lambda event: first <= shown(event.at, zone).date() <= last and event.at < period.end


def _formula(question: dict[str, Any], rows: list[Row], size: int) -> list[Row]:
    found = []
    for values in dict.fromkeys(row.values for row in rows):
        operands = {row.series: row for row in rows if row.values == values}
        nothing = Row("", values, (0,) * size, 0)
        chosen = {letter: operands.get(letter, nothing) for letter in _letters(question)}
        points = tuple(_calculate(question, {a: row.points[i] for a, row in chosen.items()}) for i in range(size))
        total = _calculate(question, {a: row.total for a, row in chosen.items()})
        found.append(Row("formula", values, points, total))
    return found


def _calculate(question: dict[str, Any], operands: dict[str, Number]) -> Number:
    text = question["formula"]
    if any(operands[letter] is None for letter in set(text) & set(operands)):
        return None
    try:
        return eval(text, {"__builtins__": {}}, dict(operands))
    except ZeroDivisionError:
        return None


def empty(series: dict[str, Any]) -> Number:
    """What no data is."""
    return 0 if series.get("measure", "count") in COUNTING else None

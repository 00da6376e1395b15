"""The innermost part of every retention statement: who started in which cohort, and who did what to come back."""

from collections.abc import Sequence
from dataclasses import dataclass

from yunying.engine.filters import Group, Of
from yunying.engine.kept import Kept
from yunying.engine.retention.plan import Plan
from yunying.engine.retention.spec import Doing, Mode
from yunying.engine.scan import Binder, Reach, accounts, columns, millis, nested, people, scan, within
from yunying.engine.terms import cohort_names, property_number, property_text, terms
from yunying.store import OWNER

__all__ = ["Part", "Top", "back", "back_test", "bucket_of", "number_of", "start_test", "starts"]

Top = tuple[tuple[str, ...], ...]
_AT = "toUnixTimestamp64Milli(ts)"


@dataclass(frozen=True)
class Part:
    """One statement about to be written. `top` are the breakdown values with a place of their own.

    A place is the index of a value in `top` from 1 on, one more for "no value", 0 for the remainder; without a
    breakdown it is 1. Cohorts and buckets are counted from 1 in SQL. `kept` days need no events.
    """

    plan: Plan
    binder: Binder
    top: Top = ()
    kept: Kept | None = None

    @property
    def values(self) -> list[str]:
        """The names of the breakdown columns."""
        return [f"v{i + 1}" for i in range(len(self.plan.spec.breakdown))]

    def edges(self) -> str:
        """The starts of all buckets, in milliseconds."""
        return self.binder.bind("edges", [millis(bucket.start) for bucket in self.plan.buckets], "Array(Int64)")

    def begun(self) -> str:
        """The last window that has begun, for each cohort."""
        return self.binder.bind("begun", list(self.plan.begun), "Array(Int32)")

    def missing(self) -> str:
        return " AND ".join(f"{v} = ''" for v in self.values)

    def place(self) -> str:
        """The place of a row with breakdown values."""
        if not self.values:
            return "1"
        none = self.binder.bind("missing", len(self.top) + 1, "UInt32")
        return f"if({self.missing()}, {none}, {self._index()})"

    def _index(self) -> str:
        if len(self.values) == 1:
            return f"indexOf({self.binder.bind('top', [row[0] for row in self.top], 'Array(String)')}, v1)"
        kind = f"Array(Tuple({', '.join('String' for _ in self.values)}))"
        return f"indexOf({self.binder.bind('top', list(self.top), kind)}, ({', '.join(self.values)}))"


def bucket_of(part: Part, at: str) -> str:
    """The start, in milliseconds, of the bucket an instant (also milliseconds) falls in."""
    return f"roundDown({at}, {part.edges()})"


def number_of(part: Part, bucket: str) -> str:
    """The number of a bucket, from 1 on."""
    return f"indexOf({part.edges()}, {bucket})"


# --- starts -------------------------------------------------------------------------------------------------------


def starts(part: Part, *, timed: bool) -> str:
    """bucket, who and the breakdown values of each start; `first`, its time in milliseconds, when `timed`.

    Recurring starts have a row for each event, the others one for each person whose first one lies in the range.
    """
    spec = part.plan.spec
    keys = [{Of.PERSON: "who", Of.ACCOUNT: "account"}.get(by.of, "") for by in spec.breakdown]
    carried = [v for v, by in zip(part.values, spec.breakdown, strict=True) if by.of is Of.EVENT]
    carried += ["account"] if "account" in keys else []
    inner = _recurring(part, carried, timed) if spec.mode is Mode.RECURRING else _firsts(part, carried, timed)
    names = ["bucket", "who", *(["first"] if timed else []), *carried]
    for v, by in zip(part.values, spec.breakdown, strict=True):
        if by.of in (Of.PERSON, Of.ACCOUNT):
            inner = _joined(part, inner, names, v, by.of, by.property)
            names.append(v)
    return _with_cohorts(part, inner, names)


def _with_cohorts(part: Part, sql: str, names: Sequence[str]) -> str:
    """`sql` with a row for each cohort of a breakdown that the person belongs to."""
    for v, by in zip(part.values, part.plan.spec.breakdown, strict=True):
        if by.of is Of.COHORT:
            chosen = f"arrayJoin({cohort_names(part.binder, by, 'who')}) AS {v}"
            sql = f"{columns([*names, chosen])}\nFROM\n{nested(sql)}"
    return sql


def _recurring(part: Part, carried: Sequence[str], timed: bool) -> str:
    plan = part.plan
    reads = [f"{bucket_of(part, _AT)} AS bucket", f"{OWNER} AS who"]
    reads += [f"{_AT} AS first"] if timed else []
    source = _scan(part, plan.spec.start, [(plan.span.start, plan.span.end)], exact=False)
    return f"{columns([*reads, *_carried(part, carried)])}\n{source}"


def _firsts(part: Part, carried: Sequence[str], timed: bool) -> str:
    """Each person's first start event of all time; for first_ever the first of that name, if it matches."""
    plan, ever = part.plan, part.plan.spec.mode is Mode.FIRST_EVER
    holds = _and(terms(part.binder, (plan.spec.filters, plan.spec.start.filters), plan.context.zone)) if ever else ""
    reads = [f"{OWNER} AS who", "ts", *(["toString(uuid) AS id"] if carried or holds else [])]
    reads += [f"{holds} AS holds"] if holds else []
    doing = Doing(plan.spec.start.event, Group()) if ever else plan.spec.start
    source = _scan(part, doing, [(None, plan.span.end)], exact=False, common=not ever)
    told = [*carried, *(["holds"] if holds else [])]
    first = ["who", "min(ts) AS first_ts", *(f"argMin({name}, (ts, id)) AS first_{name}" for name in told)]
    inner = f"{columns([*reads, *_carried(part, carried)])}\n{source}"
    grouped = f"{columns(first)}\nFROM\n{nested(inner)}\nGROUP BY who"
    at = "toUnixTimestamp64Milli(first_ts)"
    shown = [f"{bucket_of(part, at)} AS bucket", "who", *([f"{at} AS first"] if timed else [])]
    shown += [f"first_{name} AS {name}" for name in carried]
    inside = [*within(part.binder, "first_ts", [(plan.span.start, plan.span.end)]), *(["first_holds"] if holds else [])]
    return f"{columns(shown)}\nFROM\n{nested(grouped)}\nWHERE {_and(inside)}"


def _carried(part: Part, names: Sequence[str]) -> list[str]:
    by = dict(zip(part.values, part.plan.spec.breakdown, strict=True))
    return [
        f"{property_text(part.binder, Of.EVENT, by[name].property)} AS {name}" if name in by else name for name in names
    ]


def _joined(part: Part, sql: str, names: Sequence[str], value: str, of: Of, property_name: str) -> str:
    """`sql` with a property of the start's person or account as they are now, '' where there is none."""
    source, key, mine = (people, "person", "who") if of is Of.PERSON else (accounts, "account", "account")
    text = property_text(part.binder, of, property_name)
    known = nested(f"SELECT {key} AS id_now, {text} AS {value}\n{source(part.binder)}")
    return (
        f"{columns([*(f'found.{name} AS {name}' for name in names), f'now.{value} AS {value}'])}\n"
        f"FROM\n{nested(sql)} AS found\n"
        f"LEFT ANY JOIN\n{known} AS now\n"
        f"ON found.{mine} = now.id_now"
    )


# --- returns ------------------------------------------------------------------------------------------------------


def back(part: Part, *, timed: bool) -> str:
    """bucket and who of each return event; `at` in milliseconds and the `amount` of a retained value when `timed`."""
    plan, value = part.plan, part.plan.spec.value
    exact = value is not None or plan.spec.minimum > 1
    first = plan.span.start if timed else plan.buckets[min(1, len(plan.buckets) - 1)].start
    reads = [f"{OWNER} AS who"]
    if not (timed and plan.rolling):
        reads.append(f"{bucket_of(part, _AT)} AS bucket")
    if timed:
        reads.append(f"{_AT} AS at")
    if value:
        reads.append(f"{property_number(part.binder, Of.EVENT, value.property)} AS amount")
    source = _scan(part, plan.spec.back, [(first, max(plan.reach, first))], exact=exact)
    return f"{columns(reads)}\n{source}"


def start_test(part: Part) -> str:
    """That a row of events, of any of both names, is a start."""
    plan = part.plan
    late = [f"ts < {part.binder.moment('end', plan.span.end)}"] if plan.reach > plan.span.end else []
    return _test(part, plan.spec.start, late)


def back_test(part: Part) -> str:
    """That a row of events, of any of both names, is a return."""
    return _test(part, part.plan.spec.back, [])


def _test(part: Part, doing: Doing, also: list[str]) -> str:
    spec = part.plan.spec
    named = spec.start.event != spec.back.event and doing.event is not None
    name = [f"event = {part.binder.bind('event', doing.event, 'String')}"] if named else []
    return _and([*name, *also, *terms(part.binder, (doing.filters,), part.plan.context.zone)])


def _scan(part: Part, doing: Doing, spans: Sequence[Reach], *, exact: bool, common: bool = True) -> str:
    trees = (*([part.plan.spec.filters] if common else []), doing.filters)
    where = terms(part.binder, trees, part.plan.context.zone)
    names = [doing.event] if doing.event is not None else []
    return scan(part.binder, events=names, spans=spans, where=where, exact=exact)


def _and(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions)

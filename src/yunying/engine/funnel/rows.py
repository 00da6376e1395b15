"""One row for each person: the events that did the steps of the attempt that counts, and the breakdown values.

A person has several rows where they stand under several values: those with a funnel of their own, and cohorts; and
with `bucketed` one for each bucket their first steps fall in.
"""

from collections.abc import Sequence

from yunying.engine.filters import Of
from yunying.engine.funnel.attempts import attempt_rows, score
from yunying.engine.funnel.part import Part
from yunying.engine.funnel.plain import plain_rows
from yunying.engine.funnel.spec import To
from yunying.engine.scan import columns, nested, people
from yunying.engine.terms import property_text

__all__ = ["LEFT_OUT", "MISSING", "RANKED", "REMAINDER", "Top", "best_of", "label", "labelled", "labels", "left_out"]
__all__ += ["rows"]

RANKED, MISSING, REMAINDER, LEFT_OUT = 0, 1, 2, 3
# The values shown by name, as columns hold them: places of packed ones, else texts.
Top = tuple[tuple[int | str, ...], ...]


def rows(part: Part, *, idle: bool = False) -> str:
    """who, t1 ..., `last` where windows may be open, bucket, and the values: places of packed ones, else texts.

    With `idle` there may be rows of people who did no step.
    """
    found = plain_rows(part, idle=idle) if part.plain else attempt_rows(part)
    if part.held:
        found = best_of(part, found, part.places, spoils=part.spoils)
    names = ["who", *part.places, *_figures(part)]
    if part.spoils or part.packed:
        counted = "\nWHERE NOT spoiled" if part.spoils else ""
        found = f"{columns([*names, *_attributed(part)])}\nFROM\n{nested(found)}{counted}"
    names += [name for name, _ in part.packed]
    for name, by in part.values:
        if by.of is Of.PERSON:
            found = _with_person(part, found, names, name, by.property)
        elif by.of is Of.COHORT:
            found = _with_cohorts(part, found, names, name, by.cohorts)
        names += [name] if name not in names else []
    return found


def _figures(part: Part) -> list[str]:
    return [*part.times, *(["last"] if part.open_since else []), *part.charts]


def best_of(part: Part, sql: str, keys: Sequence[str], *, spoils: bool = False) -> str:
    """The best row of each person, by `keys` besides; that of a spoiled attempt where nothing unspoiled got as far."""
    by = ["who", *keys]
    times = ", ".join(part.times)
    best = score(part, part.times, "spoiled" if spoils else "false")
    last = ["max(last) AS last_of_all"] if part.open_since else []
    spoiled = [f"min({best}).2 AS least_spoiled"] if spoils else []
    found = columns([*by, f"argMin(({times}), ({best}, {times})) AS best", *spoiled, *last])
    found = f"{found}\nFROM\n{nested(sql)}\nGROUP BY {', '.join(by)}"
    unpacked = [f"best.{place} AS {time}" for place, time in enumerate(part.times, 1)]
    unpacked += ["least_spoiled AS spoiled"] if spoils else []
    unpacked += ["last_of_all AS last"] if part.open_since else []
    return f"{columns([*by, *unpacked])}\nFROM\n{nested(found)}"


# --- values -------------------------------------------------------------------------------------------------------


def _attributed(part: Part) -> list[str]:
    """Each packed value as the place of the one the attempt stands under."""
    return [f"{_chosen(part, place)} AS {name}" for place, (name, _) in enumerate(part.packed)]


def _chosen(part: Part, place: int) -> str:
    to = part.plan.spec.attribution.to
    if to is To.STEP:
        return part.packing.code(part.times[part.plan.spec.attribution.step - 1], place)
    times = part.times if to is To.FIRST else list(reversed(part.times))
    known = ", ".join(part.packing.code(time, place) for time in times)
    return f"arrayFirst(code -> code != 0, [{known}])"


def _with_person(part: Part, sql: str, names: Sequence[str], name: str, of: str) -> str:
    text = property_text(part.binder, Of.PERSON, of)
    now = f"SELECT person AS id_now, {text} AS {name}\n{people(part.binder)}"
    return (
        f"{columns([*(f'found.{each} AS {each}' for each in names), f'now.{name} AS {name}'])}\n"
        f"FROM\n{nested(sql)} AS found\nLEFT ANY JOIN\n{nested(now)} AS now\nON found.who = now.id_now"
    )


def _with_cohorts(part: Part, sql: str, names: Sequence[str], name: str, cohorts: Sequence[int]) -> str:
    """A row for each of the cohorts the person is in."""
    binder = part.binder
    assert binder.cohorts is not None
    labels = binder.bind("cohorts", list(binder.cohorts.labels(cohorts)), "Array(String)")
    member = ", ".join(f"bitmapContains({binder.cohorts.bitmap(binder, cohort)}, who)" for cohort in cohorts)
    joined = f"arrayJoin(arrayFilter((label, holds) -> holds, {labels}, [{member}])) AS {name}"
    return f"{columns([*names, joined])}\nFROM\n{nested(sql)}"


# --- labels -------------------------------------------------------------------------------------------------------


def left_out(part: Part) -> str | None:
    """The test for people without the step whose value counts."""
    attribution = part.plan.spec.attribution
    return f"t{attribution.step} = 0" if part.plan.spec.breakdown and attribution.to is To.STEP else None


def labels(part: Part) -> list[str]:
    """The columns of the values a row of the answer shows."""
    return [name.replace("v", "l") for name, _ in part.values]


def label(part: Part, shown: str, without: str | None) -> list[str]:
    """`kind` and l1 ... of a row with values; tests for those that are shown by name, and for people left out."""
    names = [name for name, _ in part.values]
    left = f"{without}, {LEFT_OUT}, " if without else ""
    kind = f"multiIf({left}{part.missing(names)}, {MISSING}, {shown}, {RANKED}, {REMAINDER}) AS kind"
    return [kind, *(f"if(kind >= {REMAINDER}, {_nothing(part, n)}, {n}) AS {of}" for n, of in _pairs(part))]


def _pairs(part: Part) -> list[tuple[str, str]]:
    return [(name, name.replace("v", "l")) for name, _ in part.values]


def _nothing(part: Part, name: str) -> str:
    return "0" if part.is_packed(name) else "''"


def labelled(part: Part, top: Top) -> str:
    """The rows with the `kind` and values l1 ... they are shown under; by name those in `top`."""
    keep = ["who", *(["bucket"] if part.bucketed else []), *_figures(part)]
    names = [name for name, _ in part.values]
    shown = f"{_tuple(names)} IN {_bound(part, top)}" if top else "false"
    return f"{columns([*keep, *label(part, shown, left_out(part))])}\nFROM\n{nested(rows(part))}"


def _bound(part: Part, top: Top) -> str:
    kinds = ["UInt32" if part.is_packed(name) else "String" for name, _ in part.values]
    if len(kinds) == 1:
        return part.binder.bind("top", [row[0] for row in top], f"Array({kinds[0]})")
    return part.binder.bind("top", list(top), f"Array(Tuple({', '.join(kinds)}))")


def _tuple(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"

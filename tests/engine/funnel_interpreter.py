"""The judge of funnels: every attempt of every person, tried out one by one from a plain list of events.

Nothing here is shared with the engine. A person's events are put in order once; an attempt is a list of their
places in it; all that is counted are lists of attempts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product as every
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.interpreter import REST, Period, Thing, World, matches, period_of
from yunying.store import text_form

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 30 * 86400}
NEVER = datetime.min.replace(tzinfo=UTC)
Texts = tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """One event of a walk: what it does, and where it stands among events of equal time."""

    event: Thing
    steps: frozenset[int]
    forbidden: frozenset[int]
    values: Texts
    order: Any


@dataclass(frozen=True)
class Attempt:
    """The events that do the steps, None where a step was not done; `key` is smallest for the one that counts."""

    events: tuple[Done | None, ...]
    depth: int
    spoiled: bool
    key: Any

    @property
    def start(self) -> datetime:
        assert self.events[0] is not None
        return self.events[0].event.at

    def at(self, step: int) -> datetime | None:
        done = self.events[step - 1]
        return done.event.at if done else None


@dataclass
class Group:
    """The people of one row, each with the attempt that counts and the start of their latest."""

    people: dict[int, tuple[Attempt, datetime]] = field(default_factory=dict)

    def who(self, *steps: int, without: int = 0) -> set[int]:
        """Those who did all of `steps`, and not the step `without`."""
        return {
            who
            for who, (attempt, _) in self.people.items()
            if all(attempt.at(step) for step in steps) and not (without and attempt.at(without))
        }


@dataclass(frozen=True)
class Judged:
    rows: dict[Any, Group]
    ranked: list[Texts]
    points: dict[Any, list[Group]]
    left_out: int


class Judge:
    """One question about one world."""

    def __init__(self, question: dict[str, Any], world: World, zone: ZoneInfo, week_start: int, now: datetime) -> None:
        self.asked, self.world, self.zone, self.now = question, world, zone, now
        self.period: Period = period_of(question, zone, week_start, now)
        self.steps = question["steps"]
        self.order = question.get("order", "ordered")
        window = question.get("window", {"count": 14, "unit": "day"})
        self.window = timedelta(seconds=window["count"] * SECONDS[window["unit"]])
        self.end = self.period.end + (timedelta() if question.get("within_range") else self.window)
        self.by = question.get("breakdown", [])
        self.to = question.get("attribution", {}).get("to", "first") if self.by else "first"
        self.required = [i for i, step in enumerate(self.steps, 1) if not step.get("optional")]

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self) -> dict[int, list[Thing]]:
        """The events of each person that the funnel sees."""
        found: dict[int, list[Thing]] = {}
        for event in self.world.once():
            if self.period.start <= event.at < self.end and self._fits(self.asked, event):
                found.setdefault(self.world.who(event), []).append(event)
        return found

    def _fits(self, asked: dict[str, Any], event: Thing) -> bool:
        return asked.get("event") in (None, event.name) and matches(asked.get("filters"), event, self.world, self.zone)

    def funnels(self, events: list[Thing]) -> Iterable[tuple[list[Thing], Texts | None, bool]]:
        """Sets of events that make a funnel each, its own value where each value has one, whether it can go on."""
        keys: dict[Any, list[Thing]] = {}
        for event in events:
            held = tuple(text_form(event.props.get(h["property"])) for h in self.asked.get("hold", []))
            alone = event.uuid if not all(held) else ""
            own = self.texts(event) if self.to == "all" else None
            keys.setdefault((held, alone, own), []).append(event)
        for (_, alone, own), found in keys.items():
            yield found, own, not alone

    def texts(self, event: Thing) -> Texts:
        """The value of each breakdown at the event; '' for cohorts."""
        return tuple(
            ""
            if b.get("of") == "cohort"
            else text_form(self.world.props(b.get("of", "event"), event).get(b["property"]))
            for b in self.by
        )

    def walk(self, events: list[Thing]) -> list[Done]:
        """The events in the order of the funnel; those that neither do nor forbid anything only matter to strict."""
        found = [self._done(event) for event in events]
        if self.order != "strict":
            found = [done for done in found if done.steps or done.forbidden]
        return sorted(found, key=lambda done: done.order)

    def _done(self, event: Thing) -> Done:
        steps = {i for i, step in enumerate(self.steps, 1) if any(self._fits(one, event) for one in step["events"])}
        forbidden = {i for i, out in enumerate(self.asked.get("exclusions", [])) if self._fits(out, event)}
        if self.order == "unordered":
            steps = set() if forbidden or not steps else {min(steps)}
            forbidden = {0} if forbidden else set()
        elif not self.period.holds(event):
            steps -= {1}
        changing = [
            t for b, t in zip(self.by, self.texts(event), strict=True) if b.get("of") in (None, "event", "account")
        ]
        ties = (sum(1 << i for i in steps), sum(1 << i for i in forbidden), tuple(reversed(changing)))
        order = (event.at, min(steps, default=len(self.steps) + 1), *ties)
        return Done(event, frozenset(steps), frozenset(forbidden), self.texts(event), order)

    # --- attempts -------------------------------------------------------------------------------------------------

    def attempts(self, walk: list[Done]) -> list[Attempt]:
        if self.order == "unordered":
            starts = [i for i, done in enumerate(walk) if done.steps and self.period.holds(done.event)]
            return [self._unordered(walk, i) for i in starts]
        starts = [i for i, done in enumerate(walk) if 1 in done.steps]
        return [self._ordered(walk, i) for i in starts]

    def _unordered(self, walk: list[Done], start: int) -> Attempt:
        chosen: list[Done] = []
        for done in walk[start:]:
            if done.forbidden or done.event.at - walk[start].event.at > self.window:
                break
            if not any(done.steps == other.steps for other in chosen):
                chosen.append(done)
        padded = (*chosen, *[None] * (len(self.steps) - len(chosen)))
        return Attempt(padded, len(chosen), False, (-len(chosen), False, chosen[-1].order, -start))

    def _ordered(self, walk: list[Done], start: int) -> Attempt:
        places = self._strict(walk, start) if self.order == "strict" else self._loose(walk, start)
        limit = walk[start].event.at + self.window
        reached = {step: i for step, i in places.items() if walk[i].event.at <= limit}
        done = [step for step in self.required if step in reached]
        spoiled = any(
            self._forbids(index, out, walk, reached, limit)
            for index, out in enumerate(self.asked.get("exclusions", []))
        )
        events = tuple(walk[reached[s]] if s in reached else None for s in range(1, len(self.steps) + 1))
        return Attempt(events, len(done), spoiled, (-len(done), spoiled, walk[reached[done[-1]]].order, -start))

    def _loose(self, walk: list[Done], start: int) -> dict[int, int]:
        """First the steps that are not optional, each by the earliest later event; then the optional ones between."""
        places = {1: start}
        for before, step in zip(self.required, self.required[1:], strict=False):
            if before in places:
                later = [i for i in range(places[before] + 1, len(walk)) if step in walk[i].steps]
                places |= {step: later[0]} if later else {}
        for step in range(2, len(self.steps)):
            before = max(s for s in self.required if s <= step)
            after = min(s for s in self.required if s >= step)
            if step in self.required or before not in places:
                continue
            first = max(i for s, i in places.items() if s < step)
            between = [i for i in range(first + 1, places.get(after, len(walk))) if step in walk[i].steps]
            apart = [i for i in between if walk[first].order < walk[i].order]  # not one that cannot be told from it
            if apart and (after not in places or walk[apart[0]].order < walk[places[after]].order):
                places[step] = apart[0]
        return places

    def _strict(self, walk: list[Done], start: int) -> dict[int, int]:
        """The very next event does the next step, or a later one if only optional ones lie between."""
        places, step, i = {1: start}, 2, start + 1
        while i < len(walk) and step <= len(self.steps):
            after = min(s for s in self.required if s >= step)
            may = [s for s in range(step, after + 1) if s in walk[i].steps]
            if not may:
                break
            chosen = after if after in may else may[0]
            places[chosen] = i
            step, i = chosen + 1, i + 1
        return places

    def _forbids(
        self, index: int, out: dict[str, Any], walk: list[Done], reached: dict[int, int], limit: datetime
    ) -> bool:
        first, last = out.get("from", 1), out.get("to", len(self.steps))
        if first not in reached:
            return False
        waiting = walk[reached[first] + 1 : reached.get(last)]
        if last not in reached:
            return any(index in done.forbidden and done.event.at <= limit for done in waiting)
        # What has the same time and can do the same as the later step's event stands beside it, not before it.
        return any(index in done.forbidden and done.order < walk[reached[last]].order for done in waiting)

    # --- people ---------------------------------------------------------------------------------------------------

    def candidates(self, bucket: Any = None, starts: Any = None) -> Iterable[tuple[int, Texts, Attempt, datetime]]:
        """person, values, the best attempt and the latest start, for each value a person stands under."""
        for who, events in self.read().items():
            found: dict[Any, list[tuple[Attempt, datetime | None]]] = {}
            for chosen, own, goes_on in self.funnels(events):
                attempts = self.attempts(self.walk(chosen))
                if bucket is not None:
                    attempts = [a for a in attempts if self.period.bucket(a.start, starts) == bucket]
                if attempts:
                    best = min(attempts, key=lambda a: a.key)
                    found.setdefault(own, []).append((best, max(a.start for a in attempts) if goes_on else None))
            for own, groups in found.items():
                best = min((attempt for attempt, _ in groups), key=self._across)
                if not best.spoiled:
                    latest = max(at for at in (NEVER, *(at for _, at in groups)) if at)
                    for values in self.values(who, own, best):
                        yield who, values, best, latest

    def values(self, who: int, own: Texts | None, attempt: Attempt) -> list[Texts]:
        found = []
        for place, by in enumerate(self.by):
            if by.get("of") == "cohort":
                found.append([self.world.cohort_names[c] for c in by["cohorts"] if self.world.belongs(c, who)])
            else:
                found.append([own[place] if own else self._attributed(attempt, place)])
        return list(every(*found))

    def _attributed(self, attempt: Attempt, place: int) -> str:
        if self.to == "step":
            done = attempt.events[self.asked["attribution"].get("step", 1) - 1]
            return done.values[place] if done else ""
        known = [done.values[place] for done in attempt.events if done and done.values[place]]
        return (known or [""])[0 if self.to == "first" else -1]

    def left_out(self, attempt: Attempt) -> bool:
        return self.to == "step" and attempt.at(self.asked["attribution"].get("step", 1)) is None

    def grouped(self, top: list[Texts] | None, bucket: Any = None, starts: Any = None) -> dict[Any, Group]:
        found: dict[Any, Group] = {}
        for who, values, attempt, latest in self.candidates(bucket, starts):
            if self.left_out(attempt):
                continue
            key = values if top is None or values in top or not any(values) else REST
            people = found.setdefault(key, Group()).people
            known = people.get(who)
            if known:
                attempt, latest = min(known[0], attempt, key=self._across), max(known[1], latest)
            people[who] = (attempt, latest)
        return found

    def answer(self) -> Judged:
        everything = self.grouped(None)
        ranked = sorted((v for v in everything if any(v)), key=lambda v: (-len(everything[v].people), v))
        top = ranked[: self.asked.get("breakdown_limit", 25)] if self.by else [()]
        rows = self.grouped(top) if self.by else {(): everything.get((), Group())}
        out = {who for who, _, attempt, _ in self.candidates() if self.left_out(attempt)}
        points: dict[Any, list[Group]] = {}
        if self.asked.get("display") == "over_time":
            starts = self.period.starts()
            each = [self.grouped(top, bucket, starts) for bucket in starts]
            points = {
                key: [one.get(key, Group()) for one in each] for key in {k for one in each for k in one} | set(rows)
            }
        return Judged(rows, top, points, len(out))

    def _across(self, attempt: Attempt) -> Any:
        """Of attempts in different funnels the one that counts: furthest, unspoiled, there first, started latest."""
        orders = [done.order if done else () for done in attempt.events]
        required = [orders[step - 1] for step in self.required if orders[step - 1]]
        return -attempt.depth, attempt.spoiled, required[-1], _Reversed(orders[0]), orders

    def is_open(self, latest: datetime) -> bool:
        if self.asked.get("within_range") and self.now >= self.period.end:
            return False
        return latest > NEVER and latest + self.window >= self.now


@dataclass(frozen=True)
class _Reversed:
    value: Any

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)


def seconds(group: Group, later: int, earlier: int) -> list[float]:
    """How long it took those who did both steps, ascending."""
    found = []
    for attempt, _ in group.people.values():
        start, end = attempt.at(earlier), attempt.at(later)
        if start and end:
            found.append((end - start) / timedelta(seconds=1))
    return sorted(found)

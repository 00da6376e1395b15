"""Answering from states what they hold, and making them where that pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yunying.base import clock
from yunying.base.errors import LimitReached
from yunying.base.zones import Span
from yunying.engine.kept.days import Day, rest, whole_days
from yunying.engine.kept.memory import Known, known_of, policy
from yunying.engine.kept.states import State
from yunying.engine.kept.tables import forget_sql, late_sql, make_sql, noted_sql, questions_sql, use_sql
from yunying.engine.session import Session
from yunying.store import Store

__all__ = ["Kept", "find", "forget_unused", "note"]

# How long it is believed which questions have states, and that a use was noted.
_FRESH_S, _NOTED_S = 300.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """`days` of all `states` hold; `rest` is what the events must be read for.

    `noted` is what a state of each day must have beside it to hold.
    """

    states: tuple[State, ...]
    days: tuple[Day, ...]
    rest: tuple[Span, ...]
    noted: Mapping[date, int]


def find(
    session: Session, states: Sequence[State | None], spans: Sequence[Span], cuts: Sequence[datetime]
) -> Kept | None:
    """What can be answered from states: whole days of `spans` that no cut divides. None when nothing can.

    `states` are all that the question is made of; one that cannot be kept stands as None. States that are missing
    or do not hold any more are made anew, if the question is asked often enough.
    """
    chosen = [state for state in states if state is not None]
    if not policy().asks or not chosen or len(chosen) < len(states):
        return None
    context, known = session.context, _known(session)
    keys = [state.key for state in chosen]
    if not known.wanted(keys):
        return None
    # A context may be of any time; but only the clock says which events can still come unnoticed.
    days = whole_days(spans, cuts, context.zone, min(context.now, clock.now()))
    if not 0 < len(days) <= policy().days:
        return None
    # First of all, so that the night's forgetting does not take what is being made.
    _note_use(session, keys, known)
    sums = _late(session, days, known)
    holding = _holding(session, chosen, days, sums, known)
    if not holding:
        return None
    session.kept_days += len(holding)
    return Kept(tuple(chosen), tuple(holding), tuple(rest(spans, holding)), sums)


def note(session: Session, states: Sequence[State | None]) -> None:
    """That these were answered from the events, reading as much as the session says."""
    keys = [state.key for state in states if state is not None]
    if len(keys) == len(states) and session.rows_read >= policy().rows:
        known_of(session.context.store, session.context.product).note(keys)


def _known(session: Session) -> Known:
    known = known_of(session.context.store, session.context.product)
    if clock.monotonic_s() - known.loaded_s > _FRESH_S:
        known.keys = {int(row[0]) for row in session.ask(questions_sql(session.binder())).rows}
        known.noted, known.large = {}, set()
        known.loaded_s = clock.monotonic_s()
    return known


def _holding(
    session: Session, states: Sequence[State], days: Sequence[Day], sums: dict[date, int], known: Known
) -> list[Day]:
    """The days of which every state holds, after making those that do not."""
    keys = {state.key for state in states}
    if _stale(keys, days, sums, known.noted):  # not seen yet, or another process may have made them anew
        for question, day, noted in session.ask(noted_sql(session.binder(), sorted(keys), days)).rows:
            known.noted[int(question), day] = int(noted)
    lost: set[date] = set()
    for state in {state.key: state for state in states}.values():
        stale = _stale({state.key}, days, sums, known.noted)
        if not stale:
            continue
        if _make(session, state, stale, [sums[day.name] for day in stale]):
            known.keys.add(state.key)
            known.noted |= {(state.key, day.name): sums[day.name] for day in stale}
        else:
            known.refuse(state.key)
            lost |= {day.name for day in stale}
    return [day for day in days if day.name not in lost]


def _late(session: Session, days: Sequence[Day], known: Known) -> dict[date, int]:
    """How often something came late for each day, or was taken away from the product."""
    # Read before the notes are: what comes between the two is asked for again next time.
    version = session.context.store.late_version(session.context.product)
    if version is None or version != known.late_version:
        known.late, known.late_version = {}, version
    seen = known.late
    if any(day.span not in seen for day in days):
        found = {int(since): int(n) for since, n in session.ask(late_sql(session.binder(), days)).rows}
        seen |= {day.span: found.get(0, 0) + found.get(int(day.span.start.timestamp()), 0) for day in days}
    return {day.name: seen[day.span] for day in days}


def _stale(keys: set[int], days: Sequence[Day], sums: dict[date, int], noted: dict[tuple[int, date], int]) -> list[Day]:
    """The days of which a state is missing or does not hold any more."""
    return [day for day in days if any(noted.get((key, day.name)) != sums[day.name] for key in keys)]


def _make(session: Session, state: State, days: Sequence[Day], noted: Sequence[int]) -> bool:
    """Whether the days could be worked out.

    `noted` was read before the events are, so that what comes between makes the state not hold.
    """
    context = session.context
    limits = (context.timeout_s or context.store.timeout_s, context.memory_mb or context.store.memory_mb)
    sql = make_sql(session.binder(), state, days, noted, context.zone, limits)
    try:
        context.store.execute(sql)
    except LimitReached:
        return False
    session.asked.append(sql.text)
    return True


def _note_use(session: Session, keys: Sequence[int], known: Known) -> None:
    now_s = clock.monotonic_s()
    fresh = [key for key in set(keys) if now_s - known.used.get(key, float("-inf")) > _NOTED_S]
    if fresh:
        session.context.store.execute(use_sql(session.context.product, fresh, clock.now()))
        known.used |= dict.fromkeys(fresh, now_s)


def forget_unused(store: Store, older: timedelta = timedelta(days=30)) -> None:
    """Remove the states of questions that nobody asked for so long."""
    for sql in forget_sql(clock.now() - older):
        store.execute(sql)

"""`python -m tools.bench.peers [rows ...] [--rounds 7]` (default 3 000 000 10 000 000).

All forms of a question take turns inside each round, after one round that does not count; a ratio is the median of
the rounds' ratios, theirs divided by ours, and stands beside what we want it to be; "fixed" is what the question costs
us where there are no events. Their answers are compared with
ours: different numbers end the run with code 1, a ratio below its aim does not.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tools.bench.peers import data
from tools.bench.peers.answers import differences
from tools.bench.peers.questions import (
    BREAKDOWN_COUNT,
    BREAKDOWN_PEOPLE,
    COUNT,
    DUCKDB,
    FUNNEL,
    OURS,
    PEOPLE,
    RETENTION,
    THEIRS,
)

from yunying.engine import Context, kept, parse, run
from yunying.store import Sql, Store, open_store

Ask = Callable[[], Any]
Times = dict[str, list[float]]
# What has no aim here is told without one.
AIMS = {
    (BREAKDOWN_COUNT, "JSON"): 8.0,
    (BREAKDOWN_COUNT, "materialized"): 1.5,
    (BREAKDOWN_PEOPLE, "JSON"): 8.0,
    (BREAKDOWN_PEOPLE, "materialized"): 2.5,
    (FUNNEL, "arrays"): 3.0,
    (FUNNEL, "windows"): 4.5,
    (RETENTION, "sets"): 5.0,
    (COUNT, "DuckDB"): 0.9,
    (PEOPLE, "DuckDB"): 2.5,
    (FUNNEL, "DuckDB"): 2.5,
    (RETENTION, "DuckDB"): 2.5,
}
MERGES_COST = 1.10
# The same question of a product without events: planning and Python, which no amount of events changes.
_FIXED, _EMPTY = "fixed", 2
# Reports that are opened again put past days together from states; beside the same forms of the others.
FROM_EVENTS, FROM_STATES = kept.Policy(asks=0), kept.Policy(asks=1)
KEPT_AIM = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Our reports beside PostHog's layout and DuckDB")
    parser.add_argument("rows", type=int, nargs="*", default=[3_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args(arguments)
    wrong = 0
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
            wrong += report(rows, folder, chosen.rounds)
    return 1 if wrong else 0


def report(rows: int, folder: str, rounds: int) -> int:
    """Fill the three, print the figures; how many answers differ."""
    store = open_store(f"chdb://{folder}", memory_mb=6000, timeout_s=300)
    try:
        started = time.perf_counter()
        store.migrate()
        columns = data.fill_ours(store, rows)
        data.fill_theirs(store, rows)
        duckdb = data.fill_duckdb(store, columns)
        print(f"\n{rows:,} events three times, made in {time.perf_counter() - started:.0f} s; medians of {rounds}, ms")
        print(f"  {'':<28} {'form':<14} {'theirs':>9} {'ours':>9} {'CPU':>7} {'fixed':>7} {'ratio':>7} {'aim':>6}")
        wrong = sum(compare(store, duckdb, question, rounds) for question in OURS)
        wrong += sum(from_states(store, question, rounds) for question in (PEOPLE, RETENTION))
        merges(store, rows, rounds)
        return wrong
    finally:
        store.close()


# The others' forms read the four weeks alone, so we are asked in their last minute: later, we would tell who came back
# in the weeks that follow as well. States are of days that are over, so those are asked for later.
_DURING, _LATER = datetime(2025, 2, 2, 23, 59, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


def context(store: Store, policy: kept.Policy, product: int = 1) -> Context:
    return Context(store, product, ZoneInfo("UTC"), _DURING if policy is FROM_EVENTS else _LATER)


def ours(store: Store, question: str, policy: kept.Policy = FROM_EVENTS, product: int = 1) -> Ask:
    spec = parse(OURS[question])

    def ask() -> Any:
        with kept.using(policy):
            return run(spec, context(store, policy, product))

    return ask


def forms(store: Store, duckdb: Any, question: str) -> dict[str, Ask]:
    """How the others answer a question."""
    found: dict[str, Ask] = {
        form: (lambda sql=sql: store.query(Sql(sql)).rows) for form, sql in THEIRS.get(question, {}).items()
    }
    if question in DUCKDB:
        found["DuckDB"] = lambda: duckdb.execute(DUCKDB[question]).fetchall()
    return found


def compare(store: Store, duckdb: Any, question: str, rounds: int) -> int:
    """Print a line for each of the others; how many of their answers differ from ours."""
    asked = {"ours": ours(store, question), _FIXED: ours(store, question, product=_EMPTY)}
    return told(question, question, asked | forms(store, duckdb, question), rounds)


def from_states(store: Store, question: str, rounds: int) -> int:
    """A report that was opened before; how many answers differ."""
    asked = {
        "ours": ours(store, question, FROM_STATES),
        _FIXED: ours(store, question, FROM_STATES, product=_EMPTY),
    }
    asked |= {form: (lambda sql=sql: store.query(Sql(sql)).rows) for form, sql in THEIRS[question].items()}
    return told(question, f"{question}, kept", asked, rounds)


def told(question: str, name: str, asked: dict[str, Ask], rounds: int) -> int:
    """Ask in turns and print; how many answers differ."""
    taken, cpu, answers = in_turns(asked, rounds)
    del answers[_FIXED]
    mine, spent, fixed = (statistics.median(of) for of in (taken["ours"], cpu["ours"], taken[_FIXED]))
    for form in list(asked)[2:]:
        ratio = statistics.median(theirs / mine for theirs, mine in zip(taken[form], taken["ours"], strict=True))
        aim = KEPT_AIM if name != question else AIMS.get((question, form), 0.0)
        mark = "" if ratio >= aim else "  below"
        figures = f"{statistics.median(taken[form]):9.1f} {mine:9.1f} {spent:7.1f} {fixed:7.1f}"
        print(f"  {name:<28} {form:<14} {figures} {ratio:6.1f}x {aim:5.1f}x{mark}")
    wrong = [f"  ! {name}, {form}: {why}" for form, why in differences(question, answers)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return len(wrong)


def in_turns(asked: dict[str, Ask], rounds: int) -> tuple[Times, Times, dict[str, Any]]:
    """Milliseconds of wall and of CPU time of each, round by round, and the last answers."""
    wall: Times = {name: [] for name in asked}
    cpu: Times = {name: [] for name in asked}
    answers: dict[str, Any] = {}
    for number in range(rounds + 1):
        for name, ask in asked.items():
            begun, spent = time.perf_counter(), time.process_time()
            answers[name] = ask()
            if number:
                wall[name].append((time.perf_counter() - begun) * 1000)
                cpu[name].append((time.process_time() - spent) * 1000)
    return wall, cpu, answers


def merges(store: Store, rows: int, rounds: int) -> None:
    """What late merges cost: each question with one person in ten merged, and with nobody."""
    print(f"  {'late merges of 10 %':<28} {'':<14} {'none':>9} {'with':>9} {'':>7} {'ratio':>7} {'aim':>6}")
    for question in OURS:
        ask, taken = ours(store, question), {False: list[float](), True: list[float]()}
        for number in range(rounds + 1):
            for moved in (False, True):
                data.set_moved(store, rows, moved=moved)
                ask()
                begun = time.perf_counter()
                ask()
                if number:
                    taken[moved].append((time.perf_counter() - begun) * 1000)
        ratio = statistics.median(b / a for a, b in zip(taken[False], taken[True], strict=True))
        none, some = statistics.median(taken[False]), statistics.median(taken[True])
        mark = "" if ratio <= MERGES_COST else "  above"
        print(f"  {question:<28} {'':<14} {none:9.1f} {some:9.1f} {'':>7} {ratio:6.2f}x {MERGES_COST:5.2f}x{mark}")


if __name__ == "__main__":
    sys.exit(main())

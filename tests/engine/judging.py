"""How often the engine is judged: on a hundred worlds in every run of the suite, on thousands at night.

Every example is a world of its own with one question about it: two questions about one world find less than two worlds.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, settings

from yunying.store import Sql, Store

__all__ = ["always", "nightly", "quickly"]

CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
NIGHTLY = int(os.environ.get("NIGHTLY_EXAMPLES", "2000"))
always = settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
nightly = settings(max_examples=NIGHTLY, deadline=None, suppress_health_check=CHECKS)
COMPILING = ("compile_expressions", "compile_aggregate_expressions", "compile_sort_description")


@contextmanager
def quickly(store: Store) -> Iterator[None]:
    """Without machine code, which is compiled for every statement's expressions and pays off after millions of rows."""
    for name in COMPILING:
        store.execute(Sql(f"SET {name} = 0"))
    yield
    for name in COMPILING:
        store.execute(Sql(f"SET {name} = 1"))

"""Where the generated worlds live: made once for each file that judges the engine."""

from collections.abc import Iterator

import pytest

from tests.engine.worlds import crowded
from tests.pace import unhurried
from yunying.store import Store


@pytest.fixture(scope="module")
def quick(store: Store) -> Iterator[Store]:
    """For the tests of every run."""
    with crowded(store) as one:
        yield one


@pytest.fixture
def crowd(quick: Store) -> Iterator[Store]:
    """For those of the night, which ask as the program does."""
    with unhurried(quick):
        yield quick

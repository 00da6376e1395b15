"""Where the generated worlds live: made once for each file that judges the engine."""

from collections.abc import Iterator

import pytest

from tests.engine.judging import quickly
from tests.engine.worlds import crowded
from yunying.store import Store


@pytest.fixture(scope="module")
def crowd(store: Store) -> Iterator[Store]:
    with crowded(store) as one:
        yield one


@pytest.fixture
def quick(crowd: Store) -> Iterator[Store]:
    """For the tests of every run; those of the night ask as the program does."""
    with quickly(crowd):
        yield crowd

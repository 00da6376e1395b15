from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.harness import Live, live


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        yield running

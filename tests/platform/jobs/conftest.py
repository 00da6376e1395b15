"""Jobs of the tests, registered for one test and forgotten after it."""

from collections.abc import Iterator

import pytest

from yunying.platform.jobs import facts, registry


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))
    monkeypatch.setattr(facts, "_subscribers", dict(facts._subscribers))
    yield

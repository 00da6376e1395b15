"""Importing into the real stores."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.importing.runner import ImportProgress, import_file
from yunying.apps.tracking.ingest import Ingest
from yunying.base.actor import SYSTEM
from yunying.base.errors import LimitReached, Unavailable
from yunying.events.event import Event, Refusal
from yunying.platform.audit.models import Entry
from yunying.store import EVENTS, Sql

if TYPE_CHECKING:
    from yunying.platform.products.models import Product
    from yunying.store import Store

MAPPING = parse(
    {
        "source": "visits",
        "group": ["session"],
        "group_within": 50,
        "columns": {"n": "integer"},
        "time": "at",
        "distinct_id": "who",
        "events": [
            {"name": "view", "id": ["session", "#"], "properties": ["page"]},
            {
                "name": "session",
                "per": "group",
                "id": ["session"],
                "properties": {"pages": {"of": "count"}, "n": {"column": "n", "of": "sum"}},
            },
        ],
    }
)


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """120,000 page views in sessions of up to three that lie apart: more than two chunks."""
    path = tmp_path / "visits.jsonl"
    with path.open("w") as file:
        for i in range(120_000):
            session = i % 7 + 7 * (i // 21)
            row = {"session": session, "at": f"2011-07-01T10:{i // 60 % 60:02d}:{i % 60:02d}Z"}
            file.write(json.dumps(row | {"who": f"u{session % 500}", "page": f"/p{i % 9}", "n": "1"}) + "\n")
    return path


def seen(store: "Store", product: "Product") -> dict[str, tuple[int, int]]:
    """Events by name: how many, and the sum of their property `n`."""
    text = f"""
        SELECT toString(event), count(), sum(JSONExtractInt(props, 'n'))
        FROM {EVENTS} WHERE product = {{p:UInt32}} GROUP BY event
    """
    return {name: (count, total) for name, count, total in store.query(Sql(text, {"p": product.pk})).rows}


class Dying:
    """A sink that writes some batches and then is gone, as if the program had been killed."""

    def __init__(self, sink: Ingest, batches: int) -> None:
        self._sink, self._left = sink, batches

    def write(self, events: Sequence[Event], *, token: str) -> None:
        if not self._left:
            raise Unavailable("store.away", "The store is away.")
        self._left -= 1
        self._sink.write(events, token=token)

    def refuse(self, items: Sequence[Refusal], *, token: str) -> None:
        raise AssertionError("an import refuses nothing")


def test_an_interrupted_import_goes_on_and_ends_exact(visits: Path, product: "Product", store: "Store") -> None:
    arguments: dict[str, Any] = {"actor": SYSTEM, "product": product, "path": visits, "mapping": MAPPING}
    with pytest.raises(Unavailable):
        import_file(**arguments, sink=Dying(Ingest(), 2))
    run = ImportRun.objects.get(product=product)
    assert run.status == ImportStatus.STOPPED
    assert 0 < run.rows_read < 120_000

    told: list[ImportProgress] = []
    done = import_file(**arguments, sink=Ingest(), tell=told.append)
    assert done.pk == run.pk
    assert done.status == ImportStatus.DONE
    assert done.rows_read == 120_000
    assert told[-1].rows == 120_000
    sessions = 7 * (120_000 // 21) + len({i % 7 for i in range(120_000 // 21 * 21, 120_000)})
    assert seen(store, product) == {"view": (120_000, 0), "session": (sessions, 120_000)}


def test_the_same_file_twice_adds_nothing(tmp_path: Path, product: "Product", store: "Store") -> None:
    path = tmp_path / "few.jsonl"
    path.write_text('{"session": "1", "at": "2011-07-01T10:00:00Z", "who": "a", "n": "4"}\n')
    arguments: dict[str, Any] = {"actor": SYSTEM, "product": product, "path": path, "mapping": MAPPING}
    first = import_file(**arguments, sink=Ingest())
    again = import_file(**arguments, sink=Ingest())
    assert first.pk == again.pk
    # A longer file that begins the same is another file; its key columns still make the old rows the same events.
    path.write_text(path.read_text() + '{"session": "2", "at": "2011-07-01T10:00:00Z", "who": "b", "n": "5"}\n')
    assert import_file(**arguments, sink=Ingest()).pk != first.pk
    assert seen(store, product) == {"view": (2, 0), "session": (2, 9)}
    assert Entry.objects.filter(verb="import.finished", product_id=product.pk).count() == 2


def test_rows_at_fault_are_listed_in_a_file(tmp_path: Path, product: "Product", store: "Store") -> None:
    path = tmp_path / "faulty.jsonl"
    good = '{"session": "1", "at": "2011-07-01T10:00:00Z", "who": "a", "n": "4"}\n'
    path.write_text(good + good.replace('"4"', '"four"').replace('"1"', '"2"') + "not json\n")
    with override_settings(MEDIA_ROOT=tmp_path / "files"):
        run = import_file(actor=SYSTEM, product=product, path=path, mapping=MAPPING, sink=Ingest())
    lines = Path(run.errors_file).read_text().splitlines()
    assert lines[0] == "row,column,value,reason"
    assert "2,n,four,not a whole number" in lines
    assert any(line.startswith("3,") for line in lines)
    assert seen(store, product)["session"] == (1, 4)


def test_too_many_faults_stop_an_import(tmp_path: Path, product: "Product", store: "Store") -> None:
    path = tmp_path / "faulty.jsonl"
    path.write_text('{"session": "1", "at": "never", "who": "a"}\n' * 20)
    with override_settings(MEDIA_ROOT=tmp_path / "files"), pytest.raises(LimitReached):
        import_file(actor=SYSTEM, product=product, path=path, mapping=MAPPING, sink=Ingest(), max_errors=10)

"""An import is taken back in memory that does not grow with it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from yunying.store import Sql, Store, open_store

ROWS = 600_000
# The engine itself comes to half of it; with the ids grouped for every part it was 1,050 MB.
MOST_MB = 350

_EVENTS = """
INSERT INTO events (product, event, ts, person, uuid, distinct_id, account, session, props)
SELECT
    1,
    'order',
    toDateTime64('2025-01-01', 3, 'UTC') + toIntervalMinute(intDiv(number * 525600, {rows:UInt64})),
    number % 50000,
    toUUID(concat('00000000-0000-4000-8000-', leftPad(lower(hex(number)), 12, '0'))),
    toString(number % 50000),
    '',
    '',
    '{}'
FROM numbers({rows:UInt64})
"""
_NOTED = "INSERT INTO imported SELECT 1, 7, intDiv(rowNumberInAllBlocks(), 50000), 0, uuid FROM events ORDER BY ts"
_KNOWN = "INSERT INTO imported SELECT 1, 7, part, 1, uuid FROM imported WHERE cityHash64(uuid) % 10 = 0"


def fill(store: Store, rows: int) -> None:
    """An import of so many events, of which about a tenth were there before it."""
    store.migrate()
    store.execute(Sql("SYSTEM STOP MERGES events"))
    store.execute(Sql(_EVENTS, {"rows": rows}))
    store.execute(Sql(_NOTED))
    store.execute(Sql(_KNOWN))
    store.execute(Sql("SYSTEM START MERGES events"))


def counted(store: Store) -> tuple[int, int]:
    events = store.query(Sql("SELECT count() FROM events FINAL")).one()[0]
    noted = store.query(Sql("SELECT count() FROM imported FINAL")).one()[0]
    return events, noted


def memory_mb(entry: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith(entry))


def main(folder: str) -> None:
    store = open_store(f"chdb://{folder}", memory_mb=1024)
    if not (Path(folder) / "filled").exists():
        fill(store, ROWS)
        (Path(folder) / "filled").touch()
    else:
        before = memory_mb("VmRSS")
        store.take_back(1, 7, noted=ROWS)
        json.dump({"grown_mb": memory_mb("VmHWM") - before, "left": counted(store)}, sys.stdout)
    store.close()


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells memory by /proc")
def test_taking_back_an_import_of_many_events_needs_little_memory(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "tests.store.test_taking_back", str(tmp_path)]
    subprocess.run(call, check=True, timeout=300)
    told = json.loads(subprocess.run(call, check=True, capture_output=True, text=True, timeout=300).stdout)
    assert 0.09 * ROWS < told["left"][0] < 0.11 * ROWS
    assert told["left"][1] == 0
    assert told["grown_mb"] < MOST_MB


if __name__ == "__main__":
    main(sys.argv[1])

"""A condition that all events must meet and the start of a retention too, asked of a store that nobody else uses.

The engine plans by the sizes of columns, which it learns a moment after the rows came: its first plans were good.
"""

import subprocess
import sys
from pathlib import Path

ASK = """
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from yunying.engine import Context, parse, run
from yunying.store import Sql, open_store

store = open_store("chdb://" + sys.argv[1])
store.migrate()
store.promote("tier", "text")
columns = "product, event, ts, person, uuid, distinct_id, account, session, props, p_text_tier"
row = "1, 'order', toDateTime64('2024-02-29 00:00:00', 3, 'UTC'), 1, generateUUIDv4(), 'a', '', '', '{}', '0'"
store.execute(Sql(f"INSERT INTO events ({columns}) SELECT {row}"))
either = [
    {"of": "person", "property": "worth", "operator": "contains", "values": ["1", ""]},
    {"of": "event", "property": "city", "operator": "contains", "values": ["", "1", ""]},
]
tier = {"property": "tier", "operator": "exact", "values": ["0"]}
same = {"op": "and", "items": [tier, {"op": "and", "items": either}]}
spec = parse({
    "kind": "retention",
    "range": {"from": "2024-02-29T00:00", "to": "2024-03-01T01:00"},
    "period": "hour",
    "start": {"event": "visit", "filters": same},
    "return": {"event": "visit"},
    "filters": same,
})
for _ in range(12):
    run(spec, Context(store, 2, ZoneInfo("UTC"), datetime(2024, 2, 29, tzinfo=UTC)))
store.close()
"""


def test_a_condition_of_all_events_may_be_that_of_the_start_as_well(tmp_path: Path) -> None:
    asked = subprocess.run([sys.executable, "-c", ASK, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert asked.returncode == 0, asked.stderr[-2000:]

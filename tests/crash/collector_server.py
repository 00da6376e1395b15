"""A server process for the crash tests: `python -m tests.crash.collector_server <folder> <port>`.

The collector, spool, flusher and port are the program's own; only the sink is the tests' SQLite one, so that
the many restarts are quick. With HOLD=1 the sink plays a store that is away, with AWAY=<file> one that is away as long
as the file exists. With JUMP=1 the clock jumps by hours, back and forth, at every look. SPOOL=<folder> puts the spool
elsewhere.
"""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from tests.collect.harness import SqliteSink, away
from yunying.base import clock
from yunying.collect.connections import raise_open_files
from yunying.config import Config
from yunying.events.event import Event
from yunying.front import Front, Server, server_config
from yunying.roles import Collecting, listening


def main(folder: Path, port: int) -> None:
    config = Config.from_env(
        {
            "YUNYING_DATA_DIR": str(folder),
            "YUNYING_DATABASE_URL": f"sqlite:///{folder / 'keys.sqlite3'}",
            "YUNYING_SECRET_KEY": "only-for-tests",
            "YUNYING_SPOOL_URL": f"file://{os.environ.get('SPOOL') or folder / 'spool'}",
        }
    )
    sink = SqliteSink(folder / "sink.sqlite3")
    if os.environ.get("HOLD") == "1":
        sink.fault = away
    elif file := os.environ.get("AWAY"):
        sink.fault = lambda events: away_while(Path(file), events)
    if os.environ.get("JUMP") == "1":
        clock.now = jumping
    raise_open_files()
    with listening("127.0.0.1", port) as sock:
        collecting = Collecting(config, sink)
        server = Server(server_config(Front(collector=collecting.app, wsgi=None, metrics=collecting.page)))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[sock]))
        collecting.close()


def away_while(file: Path, events: Sequence[Event]) -> None:
    if file.exists():
        away(events)


def jumping() -> datetime:
    """As a clock that somebody sets while it runs."""
    return datetime.now(UTC) + timedelta(hours=random.choice((-5, -1, 0, 0, 1, 5)), seconds=random.uniform(-60, 60))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""A server process for the crash tests: `python -m tests.crash.collector_server <folder> <port>`.

The collector, spool, flusher and port are the program's own; only the sink is the tests' SQLite one, so that
the many restarts are quick. With HOLD=1 the sink plays a store that is away.
"""

import asyncio
import os
import sys
from pathlib import Path

import uvloop

from tests.collect.harness import SqliteSink, away
from yunying.config import Config
from yunying.front import Front, Server, server_config
from yunying.roles import Collecting, listening


def main(folder: Path, port: int) -> None:
    config = Config.from_env(
        {
            "YUNYING_DATA_DIR": str(folder),
            "YUNYING_DATABASE_URL": f"sqlite:///{folder / 'keys.sqlite3'}",
            "YUNYING_SECRET_KEY": "only-for-tests",
        }
    )
    sink = SqliteSink(folder / "sink.sqlite3")
    if os.environ.get("HOLD") == "1":
        sink.fault = away
    with listening("127.0.0.1", port) as sock:
        collecting = Collecting(config, sink)
        server = Server(server_config(Front(collector=collecting.app, wsgi=None)))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[sock]))
        collecting.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

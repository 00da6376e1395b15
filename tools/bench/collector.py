"""Collector and flusher on this machine: `python -m tools.bench.collector [seconds]`.

Requests/s and events/s with one event and with a hundred per request (p50, p99; every answer waits for
`fdatasync`), and how fast the flusher moves events into an embedded store (events/s, CPU per event). Loopback only;
client and server share the cores, so read the figures as what this machine does at least.
"""

import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from yunying.base.garbage import search_seldom

KEY = "yk_bench"
CONNECTIONS = 32
FLUSH_EVENTS = 100_000


def main(seconds: float = 5.0) -> None:
    with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
        for label, batch in (("single events", 1), ("batches of 100", 100)):
            print(_measure(Path(folder) / str(batch), label, batch, seconds), flush=True)
        print(_in_process("flush", str(Path(folder) / "flush")), end="", flush=True)


def _event(number: int) -> dict[str, object]:
    return {
        "event": ("view", "add to cart", "order")[number % 3],
        "distinct_id": f"user-{number % 20_000}",
        "timestamp": 1_780_000_000_000 + number * 10,
        "properties": {"path": f"/products/{number % 500}", "price": number % 97, "plan": "pro", "country": "CN"},
    }


# -- collector ---------------------------------------------------------------------------------------------------


def _measure(folder: Path, label: str, batch: int, seconds: float) -> str:
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "keys.sqlite3")) as db, db:
        db.execute("CREATE TABLE products_writekey (token TEXT, product_id INTEGER, revoked_at TEXT)")
        db.execute("CREATE TABLE products_sender (protocol TEXT, name TEXT, product_id INTEGER)")
        db.execute("CREATE TABLE products_product (id INTEGER, slug TEXT)")
        db.execute("INSERT INTO products_writekey VALUES (?, 1, NULL)", (KEY,))
    command = [sys.executable, "-m", "tools.bench.collector", "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        latencies, took_s = asyncio.run(_load(port, batch, seconds))
        server.terminate()
    rate = len(latencies) / took_s
    p50, p99 = (1000 * statistics.quantiles(latencies, n=100)[n] for n in (49, 98))
    return (
        f"collector, {label}: {rate:,.0f} requests/s, {rate * batch:,.0f} events/s, "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {CONNECTIONS} connections, fsync on"
    )


async def _load(port: int, batch: int, seconds: float) -> tuple[list[float], float]:
    bodies = [json.dumps([_event(batch * number + i) for i in range(batch)]).encode() for number in range(20)]
    head = f"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\nContent-Length: "
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = 0
        while (started := time.perf_counter()) < end:
            writer.write(requests[number % len(requests)])
            answer = await reader.readuntil(b"}")
            if b" 200 " not in answer[:16]:
                raise RuntimeError(f"the collector answered {answer[:300]!r}")
            latencies.append(time.perf_counter() - started)
            number += 1
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return latencies, time.perf_counter() - started


def _serve(folder: Path) -> None:
    import uvloop

    from yunying.collect.app import Collector
    from yunying.collect.counters import Counters
    from yunying.collect.keys import KeyDirectory
    from yunying.collect.spool import Spool
    from yunying.front import Front, Server, server_config
    from yunying.roles import listening

    counters = Counters()
    spool = Spool(folder / "spool")
    keys = KeyDirectory(f"sqlite:///{folder / 'keys.sqlite3'}")
    app = Front(collector=Collector(keys, spool, counters, secret="bench"), wsgi=None)
    with listening("127.0.0.1", 0) as sock:
        print(sock.getsockname()[1], flush=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(server_config(app)).serve(sockets=[sock]))


# -- flusher -----------------------------------------------------------------------------------------------------


def _in_process(command: str, folder: str) -> str:
    call = [sys.executable, "-m", "tools.bench.collector", f"--{command}", folder]
    return subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout


def _flush(folder: Path) -> None:
    os.environ |= {"YUNYING_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "yunying.settings"}
    import django

    django.setup()
    # As the program itself does at its start.
    search_seldom()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from yunying.apps.tracking.ingest import Ingest
    from yunying.collect.counters import Counters
    from yunying.collect.flusher import Flusher
    from yunying.collect.spool import Spool
    from yunying.config import Config
    from yunying.platform.products.models import Organisation, Product
    from yunying.store import open_store, use

    product = Product.objects.create(organisation=Organisation.objects.create(name="Bench"), slug="bench", name="Bench")
    config = Config.from_env()
    store = open_store(config.events_url, memory_mb=config.query_memory_mb, timeout_s=config.query_timeout_s)
    store.migrate()
    use(store)
    spool, ingest = Spool(folder / "bench-spool"), Ingest()
    flusher = Flusher(spool, ingest, Counters())
    # The first part meets people and names for the first time, the second one mostly knows them.
    for label, first in (("first sight", 0), ("known people", FLUSH_EVENTS)):
        asyncio.run(_fill(spool, product.pk, first))
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        while flusher.flush():
            pass
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        print(
            f"flusher, {label}: {FLUSH_EVENTS / wall_s:,.0f} events/s, "
            f"{1e6 * cpu_s / FLUSH_EVENTS:.0f} µs CPU per event, batches of 10,000"
        )
    ingest.close()
    spool.close()
    store.close()


async def _fill(spool: Any, product: int, first: int) -> None:
    from yunying.collect.codec import encode
    from yunying.events.normalise import Arrival
    from yunying.events.protocols import by_name

    own = by_name("own")
    assert own
    for start in range(first, first + FLUSH_EVENTS, 1000):
        arrival = Arrival(product, int(time.time() * 1000))
        await spool.append(encode([own.read(_event(number), arrival) for number in range(start, start + 1000)]))
    spool.seal_now()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        _serve(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--flush"]:
        _flush(Path(sys.argv[2]))
    else:
        main(float(sys.argv[1]) if sys.argv[1:] else 5.0)

"""From the socket into the event store, on this machine: `python -m tools.bench.collector [seconds] [minutes]`.

Requests/s and events/s with one event and with a hundred per request, 1 KB each, keep-alive, every answer waiting for
`fdatasync`; and how many of them reached the event store (decode, normalise, spool, numbers of people, insert) until it
had all of them. First everything in one process as `yunying serve` does it, then the collector and the flusher in two.
With `minutes`, once more for so long, to see whether memory stays flat. Loopback only: client and server share the
processors, so read the figures as what this machine does at least.
"""

import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "yk_bench"
CONNECTIONS = {1: 32, 100: 8}
LABELS = {1: "single events", 100: "batches of 100"}
# Batches are sent as fast as they are taken, and wait in the spool; a minute is time enough to write them.
SETTLE_S = 120.0


def main(seconds: float = 5.0, minutes: float = 0.0) -> None:
    place = Path(tempfile.mkdtemp(prefix="yunying-bench-"))
    try:
        for split in (False, True):
            for batch in (1, 100):
                with running(place / f"{split}-{batch}", split) as servers:
                    _round(servers, batch, min(1.0, seconds), told=False)  # connections, catalogue, people
                    _round(servers, batch, seconds)
        if minutes:
            with running(place / "long", True) as servers:
                _round(servers, 100, minutes * 60)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    # Snowplow's, RudderStack's, Jitsu's and PostHog's collectors need a JVM, Docker or databases beside them.
    print("no peer in this run: none that syncs before it answers was found among the packages of PyPI and npm")


@dataclass(frozen=True, slots=True)
class Servers:
    """The processes under load. `port` takes events, `counting` shows how many reached the store."""

    label: str
    port: int
    counting: int
    pids: tuple[int, ...]

    def inserted(self) -> int:
        return int(_metric(self.counting, "yunying_collector_inserted_total"))

    def rss_mb(self) -> float:
        return sum(_rss_mb(pid) for pid in self.pids)

    def cpu_s(self) -> float:
        """Seconds of processors they took so far: a figure that others on the machine change less than the rate."""
        return sum(_cpu_s(pid) for pid in self.pids)


@contextlib.contextmanager
def running(folder: Path, split: bool) -> Iterator[Servers]:
    subprocess.run([*_CALL, "--make", str(folder)], check=True)
    parts = ("--collect", "--work") if split else ("--serve",)
    processes = []
    ports = []
    try:
        for part in parts:
            process = subprocess.Popen([*_CALL, part, str(folder)], stdout=subprocess.PIPE, text=True)
            processes.append(process)
            assert process.stdout
            ports.append(int(process.stdout.readline()))
        label = "collector and flusher in two processes" if split else "all in one process"
        yield Servers(label, ports[0], ports[-1], tuple(process.pid for process in processes))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


_CALL = [sys.executable, "-m", "tools.bench.collector"]


def _round(servers: Servers, batch: int, seconds: float, *, told: bool = True) -> None:
    before, cpu_s, begun_s = servers.inserted(), servers.cpu_s(), time.perf_counter()
    how = map(str, (servers.port, batch, seconds, CONNECTIONS[batch]))
    command = [sys.executable, "-m", "tools.bench.sending", *how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sending:
        memory = [servers.rss_mb()]
        while sending.poll() is None:
            time.sleep(min(1.0, seconds / 10))
            memory.append(servers.rss_mb())
        assert sending.stdout
        found = json.loads(sending.stdout.read())
    while servers.inserted() - before < found["events"] and time.perf_counter() - begun_s < seconds + SETTLE_S:
        time.sleep(0.02)
    whole_s = time.perf_counter() - begun_s
    if told:
        inserted = servers.inserted() - before
        cpu_us = 1e6 * (servers.cpu_s() - cpu_s) / max(1, inserted)
        print(_line(servers, batch, found, whole_s, inserted, cpu_us, memory), flush=True)


def _line(
    servers: Servers,
    batch: int,
    found: dict[str, Any],
    whole_s: float,
    inserted: int,
    cpu_us: float,
    memory: list[float],
) -> str:
    rate = found["requests"] / found["seconds"]
    failed = f", {found['failed']} failed: {found['error'][:100]!r}" if found["failed"] else ""
    third = max(1, len(memory) // 3)
    return (
        f"{servers.label}, {LABELS[batch]} of {found['bytes'] // batch} B: {rate:,.0f} requests/s, "
        f"{rate * batch:,.0f} events/s taken, p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms; "
        f"{inserted:,} in the store after {whole_s:.1f} s = {inserted / whole_s:,.0f} events/s end to end, "
        f"{cpu_us:.0f} µs CPU each; "
        f"memory {statistics.median(memory[:third]):.0f} MB in the first third, "
        f"{statistics.median(memory[-third:]):.0f} MB in the last{failed}"
    )


def _metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _cpu_s(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


# -- processes under load ----------------------------------------------------------------------------------------


def _environment(folder: Path) -> None:
    os.environ |= {
        "YUNYING_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "yunying.settings",
        "YUNYING_PORT": "0",
        "YUNYING_SPOOL_URL": f"file://{folder / 'spool'}",
    }


def _make() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from yunying.config import Config
    from yunying.platform.products.models import Organisation, Product, WriteKey
    from yunying.store import open_store

    product = Product.objects.create(organisation=Organisation.objects.create(name="Bench"), slug="bench", name="Bench")
    WriteKey.objects.create(product=product, name="bench", token=KEY)
    store = open_store(Config.from_env().events_url)
    store.migrate()
    store.close()


def _run(*, beside: bool) -> None:
    """Collector and flusher in one, and with `beside` the flusher of the other process's spool."""
    import asyncio
    from dataclasses import replace

    import django

    django.setup()
    from yunying import roles
    from yunying.config import Config
    from yunying.front import Front, Server, server_config

    config = Config.from_env()
    if beside:
        other = config.path(config.spool_url)
        config = replace(config, spool_url=f"file://{other}-own", spools_beside=(other,))
    with roles.listening("127.0.0.1", 0) as sock, contextlib.ExitStack() as stack:
        roles._open_store(config, stack, migrate=False)
        found = roles._start_collecting(config, stack)
        print(sock.getsockname()[1], flush=True)
        server = Server(server_config(Front(collector=found.app, wsgi=None, metrics=found.page)))
        with asyncio.Runner(loop_factory=roles._loop_factory()) as runner:
            runner.run(server.serve(sockets=[sock]))


def _collect() -> None:
    """The collector alone, as `yunying collect` runs it beside an embedded store."""
    import asyncio

    from yunying import roles
    from yunying.collect.running import Collecting
    from yunying.config import Config
    from yunying.front import Front, Server, server_config

    found = Collecting(Config.from_env(), None)
    with roles.listening("127.0.0.1", 0) as sock:
        print(sock.getsockname()[1], flush=True)
        server = Server(server_config(Front(collector=found.app, wsgi=None, metrics=found.page)))
        with asyncio.Runner(loop_factory=roles._loop_factory()) as runner:
            runner.run(server.serve(sockets=[sock]))
    found.close()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        from yunying import roles
        from yunying.base.garbage import search_seldom

        _environment(Path(sys.argv[2]))
        search_seldom()  # as the program itself does at its start
        roles._prepare_process()
        match sys.argv[1]:
            case "--make":
                _make()
            case "--serve":
                _run(beside=False)
            case "--work":
                _run(beside=True)
            case "--collect":
                _collect()
    else:
        main(*(float(given) for given in sys.argv[1:3]))

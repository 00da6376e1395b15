"""Server time of every page of the demo: `python -m tools.bench.pages [--url …] [--data …]`.

Signs in to the demo that runs at `--url`, or starts one on its data, follows the links from the menu, and asks for
each page, and for each part that a page fetches by itself, five times. Shown is the median, in milliseconds from the
request to the end of the answer over loopback, slowest first, and how long the very first answer took, with nothing
cached and modules and templates still to load; the exit code is 1 when a median is over the budget.
Then the dashboard with the most tiles is asked for again and again, unchanged; shown are median and 95th percentile
beside the aim. `--dashboard` measures it alone. Last comes the memory of the server, if it was started here.
Where no demo was loaded, the small one is, into a folder that is removed afterwards.
"""

import argparse
import http.client
import http.cookiejar
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urljoin, urlsplit

ROOT = Path(__file__).resolve().parents[2]
BUDGET_MS = 300
ROUNDS = 5
TILES, AIM_MS, LOOKS = 12, 150, 60
# Tiles whose answers may lack the newest events are computed once more after so long.
SETTLES_S = 31
START_S = 60
NOT_PAGES = re.compile(r"^/(static/|healthz|api/v1/openapi)|/logout/|\.(xlsx|csv|png|ics)$|/export/|[?&](as|export)=")


class Links(HTMLParser):
    """What a page leads to: the addresses of links, of parts it fetches when it is shown, and its form token."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.parts: list[str] = []
        self.token = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "a" and at.get("href"):
            self.links.append(at["href"])
        if at.get("hx-get") and re.search(r"\b(load|revealed|every)\b", at.get("hx-trigger", "")):
            self.parts.append(at["hx-get"])
        if at.get("name") == "csrfmiddlewaretoken":
            self.token = at.get("value", "")


class Visitor:
    """A signed-in browser that keeps its session."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def open(self, path: str, form: dict[str, str] | None = None, *, part: bool = False) -> tuple[str, str]:
        """The final address and the text of a page. Raises HTTPError for an answer of 400 or more."""
        data = urlencode(form).encode() if form else None
        heads = {"Referer": self.url + path} | ({"HX-Request": "true"} if part else {})
        with self._opener.open(urllib.request.Request(urljoin(self.url, path), data, heads), timeout=60) as answer:
            return answer.url, answer.read().decode("utf-8", "replace")

    def sign_in(self, email: str, password: str) -> None:
        login = "/accounts/login/"
        token = Links(self.open(login)[1]).token
        where, _ = self.open(login, {"csrfmiddlewaretoken": token, "login": email, "password": password})
        if login in where:
            raise SystemExit("The demo account could not sign in; is this another demo's data?")

    def median_ms(self, path: str, *, part: bool) -> float:
        return statistics.median(self.taken_ms(path, ROUNDS, part=part))

    def taken_ms(self, path: str, rounds: int, *, part: bool = False) -> list[float]:
        heads = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in self._jar)}
        if part:
            heads["HX-Request"] = "true"
        line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        taken = []
        for _ in range(rounds):
            begun = time.perf_counter()
            line.request("GET", path, headers=heads)
            answer = line.getresponse()
            answer.read()
            taken.append((time.perf_counter() - begun) * 1000)
        line.close()
        return taken

    def parts(self, path: str) -> list[str]:
        """What a page fetches by itself when it is shown."""
        return Links(self.open(path)[1]).parts


def pages(visitor: Visitor, first: list[str]) -> Iterator[tuple[str, bool, float]]:
    """Every address that links lead to, one per kind of page and product, and the parts pages fetch.

    Each comes with whether it is a part, and the milliseconds of its very first answer, when nothing is cached.
    """
    waiting, seen = deque((path, False) for path in first), set()
    while waiting:
        path, part = waiting.popleft()
        kind = re.sub(r"\d+", "n", urlsplit(path).path) + ("+" if part else "")
        if kind in seen or NOT_PAGES.search(urlsplit(path).path) or "export=" in path:
            continue
        seen.add(kind)
        begun = time.perf_counter()
        try:
            where, html = visitor.open(path, part=part)
        except urllib.error.HTTPError as error:
            print(f"{path}: answered {error.code}", flush=True)
            continue
        yield path, part, (time.perf_counter() - begun) * 1000
        found = Links(html)
        for link, is_part in [*((one, False) for one in found.links), *((one, True) for one in found.parts)]:
            to = urlsplit(urljoin(where, link))
            if to.netloc == urlsplit(visitor.url).netloc:
                waiting.append((to.path + (f"?{to.query}" if to.query else ""), is_part))


@contextmanager
def server(url: str, data: Path) -> Iterator[tuple[str, int | None]]:
    """The running demo's address, or a server started on its data and its process number."""
    if url and _answers(url):
        yield url, None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("yunying")), "serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | {"YUNYING_DATA_DIR": str(data)}
    environment.pop("YUNYING_BASE_URL", None)
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            begun = time.monotonic()
            while not _answers(f"http://127.0.0.1:{port}"):
                if process.poll() is not None or time.monotonic() - begun > START_S:
                    raise SystemExit("The server did not start; `yunying doctor` says more.")
                time.sleep(0.05)
            print(f"first page {time.monotonic() - begun:.1f} s after the start", flush=True)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/accounts/login/", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def memory_mb(process: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text(), re.M)
    return int(found[1]) // 1024 if found else 0


def dashboard(visitor: Visitor) -> bool:
    """Measure the dashboard with the most tiles as it is looked at unchanged; whether it keeps the aim."""
    found = sorted(_dashboards(visitor), reverse=True)
    if not found:
        print("The demo has no dashboard.")
        return False
    tiles, path = found[0]
    # Everything is computed, the counts stand still, and what was computed too early is computed again.
    for wait_s in (0, SETTLES_S, 0):
        time.sleep(wait_s)
        while waiting := [one for one in visitor.parts(path) if "/tiles/" in one]:
            for part in waiting:
                visitor.open(part, part=True)
    taken = visitor.taken_ms(path, LOOKS)
    middle, high = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    short = "" if tiles >= TILES else f" (the aim is for {TILES})"
    print(
        f"dashboard {path} of {tiles} tiles{short}, unchanged, {LOOKS} looks: median {middle:.0f} ms,"
        f" p95 {high:.0f} ms; the aim is a median of {AIM_MS} ms",
        flush=True,
    )
    return middle <= AIM_MS


def _dashboards(visitor: Visitor) -> Iterator[tuple[int, str]]:
    """How many tiles each dashboard has, and its page."""
    for home in _products(visitor):
        slug = home.strip("/").partition("/")[2]
        text = visitor.open(f"/api/v1/products/{slug}/dashboards?limit=500")[1]
        for row in json.loads(text)["items"]:
            yield len(row["tiles"]), f"/p/{slug}/insights/dashboards/{row['id']}/"


@contextmanager
def loaded(data: Path) -> Iterator[Path]:
    """The folder of a loaded demo: the given one, else one with the small demo, removed afterwards."""
    if (data / "demo.json").exists():
        yield data
        return
    print(
        f"There is no demo in {data}: `make demo` or `yunying demo` load one. The small one is taken now.", flush=True
    )
    with TemporaryDirectory(prefix="yunying-bench-") as folder:
        environment = os.environ | {"YUNYING_DATA_DIR": folder}
        fetch = [sys.executable, "tools/fetch_demo.py", "--small"]
        load = [str(Path(sys.executable).with_name("yunying")), "demo", "--small", "--load-only"]
        for command in (fetch, load):
            done = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                raise SystemExit("The small demo could not be loaded; `make demo SMALL=1` says why.")
        yield Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8642", help="where the demo runs")
    parser.add_argument("--data", type=Path, default=ROOT / "yunying-data/demo", help="its data folder")
    parser.add_argument("--dashboard", action="store_true", help="measure the largest dashboard alone")
    options = parser.parse_args()
    with loaded(options.data) as data, server(_where(options.url, data, options.data), data) as (url, process):
        before_mb = memory_mb(process) if process else 0
        visitor = Visitor(url)
        visitor.sign_in("demo@yunying.example", json.loads((data / "demo.json").read_text())["password"])
        within = options.dashboard or all_pages(visitor)
        within &= dashboard(visitor)
        if process:
            print(f"memory: {before_mb} MB after the first page, {memory_mb(process)} MB after all of them")
    return 0 if within else 1


def _where(url: str, data: Path, wanted: Path) -> str:
    """Where a server may be running already: never one of other data than was asked for."""
    return url.rstrip("/") if data == wanted else ""


def all_pages(visitor: Visitor) -> bool:
    """Measure every page and part that links lead to; whether all keep the budget."""
    taken = [
        (visitor.median_ms(path, part=part), first_ms, path[:100], part)
        for path, part, first_ms in pages(visitor, [*_products(visitor), "/"])
    ]
    for ms, first_ms, path, part in sorted(taken, reverse=True):
        print(f"{ms:6.0f} ms, first {first_ms:5.0f} ms  {'part ' if part else ''}{path}", flush=True)
    over, slow = sum(row[0] > BUDGET_MS for row in taken), sum(row[1] > BUDGET_MS for row in taken)
    middle = statistics.median(row[0] for row in taken)
    print(f"pages: {len(taken)}, median {middle:.0f} ms, {over} over {BUDGET_MS} ms; {slow} in their first answer")
    return not over


def _products(visitor: Visitor) -> list[str]:
    """The start page of each product: the switcher names them."""
    links = Links(visitor.open("/")[1]).links
    return sorted({link for link in links if re.fullmatch(r"/p/[\w-]+/", link)})


if __name__ == "__main__":
    sys.exit(main())

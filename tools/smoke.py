"""Start the demo as the README says, look at the first pages, stop it by its id.

python tools/smoke.py [PORT]
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 600


def first_page(address: str, server: "subprocess.Popen[bytes]") -> str:
    """The page behind `address` as soon as the server answers."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"smoke: the demo ended with code {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                page: bytes = answer.read()
                return page.decode()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise SystemExit(f"smoke: no answer from {address} within {WAIT_S} s")


def start_and_look(port: int) -> float:
    """Seconds from `make demo` to the sign-in page; the server is stopped again."""
    begun = time.monotonic()
    # A session of its own, so that stopping reaches make and the server together and nothing else.
    server = subprocess.Popen(["make", "demo", "SMALL=1", f"PORT={port}"], cwd=ROOT, start_new_session=True)
    try:
        page = first_page(f"http://127.0.0.1:{port}/", server)
        seconds = time.monotonic() - begun
        if 'type="password"' not in page:
            raise SystemExit("smoke: the first page is not the sign-in page:\n" + page[:2000])
        return seconds
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGINT)
        server.wait(60)


def main() -> int:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 18642
    print(f"smoke: first start to first page: {start_and_look(port):.1f} s", flush=True)
    print(f"smoke: second start to first page: {start_and_look(port):.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A process of its own that runs jobs, for tests that kill it.

    python -m tests.crash.jobs_worker work            runs jobs until SIGTERM
    python -m tests.crash.jobs_worker enqueue NAME …  enqueues in a committed transaction and dies at once

The place comes from YUNYING_DATA_DIR and YUNYING_DATABASE_URL, the journal of what happened from JOBS_JOURNAL.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunying.settings")


def note(line: str) -> None:
    """Append to the journal; whole lines, kept through a kill."""
    with Path(os.environ["JOBS_JOURNAL"]).open("a") as file:
        file.write(f"{line} {os.getpid()}\n")


def define() -> None:
    """Register the jobs the tests speak of."""
    from yunying.platform.jobs import job, progress, schedule, step

    @job(name="test.steps")
    def steps(count: int, wait_s: float) -> None:
        for number in range(1, count + 1):
            step(one_step, number, wait_s)
            progress(number, count)
        note("end")

    @job(name="test.quick")
    def quick(number: int) -> None:
        note(f"quick {number}")

    @job(name="test.stubborn")
    def stubborn() -> None:
        step(one_step, 1, 0.0)
        step(fails_twice)
        note("end")

    @schedule("* * * * *")
    def every_minute() -> None:
        note("minute")


def one_step(number: int, wait_s: float) -> int:
    note(f"begin {number}")
    time.sleep(wait_s)
    note(f"done {number}")
    return number


def fails_twice() -> None:
    note("try")
    lines = Path(os.environ["JOBS_JOURNAL"]).read_text().splitlines()
    if sum(line.startswith("try") for line in lines) < 3:
        raise ConnectionError


def work() -> None:
    """Run jobs until told to stop; prints `ready`."""
    from django.conf import settings

    from yunying.platform.jobs import runner

    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    quick_pace = runner.Pace(poll_s=0.1, queue_poll_s=0.1, beat_s=0.5, look_s=0.5, dead_after_s=3.0, lost_after_s=1.0)
    runner.start(settings.CONFIG, quick_pace)
    print("ready", flush=True)
    told.wait()
    ended = runner.stop(5)
    print("stopped", ended, flush=True)


def enqueue_and_die(name: str, arguments: dict[str, object], *, commit: bool) -> None:
    """Enqueue with a runner in the process, then end as `kill -9` would before the runner can hear of it."""
    from django.db import transaction

    from yunying.platform.jobs import wake
    from yunying.platform.jobs.registry import handler_named
    from yunying.platform.jobs.services import enqueue

    handler = handler_named(name)
    assert handler is not None
    wake.up = lambda: os.kill(os.getpid(), signal.SIGKILL)
    with transaction.atomic():
        enqueue(handler.function, **arguments)
        if not commit:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    django.setup()
    define()
    if sys.argv[1] == "work":
        work()
    else:
        import json

        enqueue_and_die(sys.argv[2], json.loads(sys.argv[3]), commit=sys.argv[1] == "enqueue")


if __name__ == "__main__":
    main()

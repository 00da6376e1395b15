"""Programs look for cycles seldom."""

import subprocess
import sys


def test_a_batch_of_events_causes_no_more_than_two_searches() -> None:
    code = (
        "import gc; from yunying.base.garbage import search_seldom; search_seldom()\n"
        "before = gc.get_stats()[0]['collections']\n"
        "kept = [[] for _ in range(100_000)]\n"
        "print(gc.get_stats()[0]['collections'] - before)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) <= 2

"""Everything `make bench` measures, one after the other, each in a process of its own."""

import subprocess
import sys

PARTS = (
    "tools.bench.collector",
    "tools.bench.importing",
    "tools.bench.trends",
    "tools.bench.funnel",
    "tools.bench.small",
    "tools.bench.peers",
    "tools.bench.crowd",
    "tools.bench.first_answers",
    "tools.bench.pages",
)


def main() -> int:
    failed = 0
    for part in sys.argv[1:] or PARTS:
        print(f"── {part}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", part], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

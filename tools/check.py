"""Everything about the code that can be checked without running it; each check runs, then all failures are named.

python tools/check.py [NAME …]
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# The longest first: two run at once.
CHECKS: dict[str, list[str]] = {
    "types": ["mypy"],
    "migrations": ["python", "-m", "django", "makemigrations", "--check", "--dry-run", "--settings", "tests.settings"],
    "messages": ["python", "tools/messages.py", "check"],
    "layers": ["lint-imports"],
    "style": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "src", "tests", "tools"],
    "documentation": ["python", "tools/check_docs.py"],
    "front-end files": ["python", "tools/vendor.py", "--check"],
}


def check(name: str) -> tuple[str, bool, str]:
    """Its name, whether all is well, and what to print: what it said, and how long it took."""
    command = CHECKS[name]
    begun = time.monotonic()
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    fine = done.returncode == 0
    seconds = time.monotonic() - begun
    head = f"── {name}: {' '.join(command)}\n"
    told = f"   {'ok' if fine else 'FAILED'} after {seconds:.1f} s"
    return name, fine, head + done.stdout.decode(errors="replace") + told


def main() -> int:
    wanted = sys.argv[1:] or list(CHECKS)
    failed = []
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for each in as_completed([pool.submit(check, name) for name in wanted]):
            name, fine, told = each.result()
            print(told, flush=True)
            if not fine:
                failed.append(name)
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

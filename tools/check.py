"""Everything about the code that can be checked without running it; each check runs, then all failures are named."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str]] = {
    "style": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "src", "tests", "tools"],
    "types": ["mypy"],
    "layers": ["lint-imports"],
    "migrations": ["python", "-m", "django", "makemigrations", "--check", "--dry-run", "--settings", "tests.settings"],
    "messages": ["python", "tools/messages.py", "check"],
    "documentation": ["python", "tools/check_docs.py"],
    "front-end files": ["python", "tools/vendor.py", "--check"],
}


def main() -> int:
    wanted = sys.argv[1:] or list(CHECKS)
    failed = []
    for name in wanted:
        command = CHECKS[name]
        begun = time.monotonic()
        print(f"── {name}: {' '.join(command)}", flush=True)
        code = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False).returncode
        print(f"   {'ok' if code == 0 else 'FAILED'} after {time.monotonic() - begun:.1f} s", flush=True)
        if code:
            failed.append(name)
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

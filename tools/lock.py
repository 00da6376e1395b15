"""Write requirements/*.txt anew: every package with its version and hashes, for all platforms, without addresses."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
# name of the lock: what it is made from, and further arguments
LOCKS: dict[str, list[str]] = {
    "run.txt": ["pyproject.toml"],
    "dev.txt": ["--extra", "dev", "pyproject.toml"],
    "node.txt": ["requirements/node.in"],
    "uv.txt": ["requirements/uv.in"],
}


def main() -> int:
    for name, source in LOCKS.items():
        command = [str(UV), "pip", "compile", "--quiet", "--generate-hashes", "--universal", "--python-version", "3.11"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
        code = subprocess.run([*command, *source, "-o", f"requirements/{name}"], cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Make this clone ready to run: a virtual environment, the locked packages, the pages' files, the message catalogues.

    python tools/setup.py           what running the program needs
    python tools/setup.py --dev     and what testing and checking it needs

Needs only Python, so that it can run before anything is installed. Every finished step leaves a stamp that names
what it was made from: an interrupted set-up goes on where it stopped, and a second run only compares stamps.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMPS = VENV / "yunying-stamps"
REQUIREMENTS = ROOT / "requirements"
LOCALE = ROOT / "src/yunying/locale"
OLDEST = (3, 11)
SPACE_MB = 3000


class Failed(Exception):
    """Says what is wrong and what to do; printed without a traceback."""


def digest(paths: Iterable[Path]) -> str:
    """A fingerprint of the files a step is made from, the Python included."""
    state = hashlib.sha256(sys.version.encode())
    for path in sorted(paths):
        state.update(path.relative_to(ROOT).as_posix().encode())
        state.update(path.read_bytes())
    return state.hexdigest()


def step(name: str, about: str, sources: Iterable[Path], work: Callable[[], None]) -> None:
    """Run `work` unless its stamp says that it was done from the same sources."""
    stamp = STAMPS / name
    wanted = digest(sources)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    begun = time.monotonic()
    print(f"set-up: {about} …", flush=True)
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    # Written last and in one move: a stamp stands only for a step that came to its end.
    part = stamp.with_suffix(".part")
    part.write_text(wanted)
    part.replace(stamp)
    print(f"set-up: {about}: done in {time.monotonic() - begun:.0f} s", flush=True)


def run(command: list[str | Path], advice: str, *, quiet: bool = False) -> None:
    out = subprocess.DEVNULL if quiet else None
    if subprocess.run([str(part) for part in command], cwd=ROOT, stdout=out, stderr=out, check=False).returncode:
        raise Failed(advice)


def check_python() -> None:
    if sys.version_info < OLDEST:
        raise Failed(
            f"Yunying needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {platform.python_version()}. "
            "Install one and name it, for example: make demo PYTHON=python3.12"
        )
    if not sys.maxsize > 2**32:
        raise Failed("Yunying needs a 64-bit Python.")


def check_space() -> None:
    """Only before a fresh set-up: later there is no need for gigabytes any more."""
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    if not STAMPS.exists() and free_mb < SPACE_MB:
        raise Failed(
            f"The disk that holds {ROOT} has {free_mb} MB left; the set-up needs about {SPACE_MB} MB. "
            "Free some space, or clone the project to a larger disk."
        )


def usable(python: Path) -> bool:
    """Whether the environment's Python starts and is the version of this one."""
    if not python.exists():
        return False
    asked = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return told.stdout.split() == [str(part) for part in sys.version_info[:2]]


def make_environment() -> None:
    # Python is there before pip: without either sign of having got further, making it was interrupted.
    if usable(PYTHON) and (pip_inside() or STAMPS.exists()):
        return
    # A half-made or foreign environment is not mended: it holds nothing that the set-up does not make again.
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401 - Debian leaves it out of its bare Python
    except ImportError:
        bare_environment()
        return
    run(
        [sys.executable, "-m", "venv", VENV],
        "Python could not make a virtual environment. On Debian and Ubuntu install it with: apt install python3-venv",
    )


def bare_environment() -> None:
    """A Python without ensurepip can still make an environment; the host's pip then installs into it."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        raise Failed("This Python has neither ensurepip nor pip. On Debian and Ubuntu: apt install python3-venv")
    run([sys.executable, "-m", "venv", "--without-pip", VENV], "Python could not make a virtual environment.")


def pip_inside() -> bool:
    return (BIN / "pip").exists() or (BIN / "pip.exe").exists()


def pip() -> list[str | Path]:
    if pip_inside():
        return [PYTHON, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def install(lock: str) -> None:
    """Install a lock file by hash: with uv, which is many times faster, else with pip."""
    wanted = REQUIREMENTS / lock
    if lock == "uv.txt" or not uv_installs(wanted):
        run(
            [*pip(), "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", wanted],
            f"The packages of requirements/{lock} could not be installed; pip's message above says why. "
            "No network: connect and run the same command again, it goes on where it stopped. A package that must be "
            "compiled: this machine or Python has no ready wheel, so install a C compiler (Debian: apt install "
            "build-essential python3-dev) or choose another Python, for example: make demo PYTHON=python3.12",
        )


def uv_installs(wanted: Path) -> bool:
    uv = BIN / ("uv.exe" if os.name == "nt" else "uv")
    try:
        if not uv.exists():
            install("uv.txt")
        run([uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", wanted], "uv failed")
    except (Failed, OSError):
        # uv reads no pip configuration: behind a mirror set up for pip only, pip is the one that works.
        print("set-up: uv could not install them, going on with pip (slower)", flush=True)
        return False
    return True


def link_source() -> None:
    """Put src/ on the environment's path and make the command `yunying`, without building anything."""
    packages = sysconfig.get_path("purelib", vars={"base": str(VENV), "platbase": str(VENV)})
    Path(packages, "yunying-source.pth").write_text(f"{ROOT / 'src'}\n")
    command = BIN / "yunying"
    command.write_text(f"#!{PYTHON}\nimport sys\n\nfrom yunying.cli import main\n\nsys.exit(main())\n")
    command.chmod(0o755)


def front_end() -> None:
    if not (shutil.which("npm") and shutil.which("node")):
        install("node.txt")
    run([PYTHON, ROOT / "tools/vendor.py"], "The pages' files could not be put in place; the message above says why.")


def sdks() -> None:
    run([PYTHON, ROOT / "tools/vendor.py", "--sdks"], "The SDKs that tests drive could not be installed; see above.")


def compile_messages() -> None:
    run([PYTHON, ROOT / "tools/messages.py", "compile"], "The message catalogues could not be compiled.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    lock = "dev.txt" if parser.parse_args().dev else "run.txt"
    try:
        check_python()
        check_space()
        make_environment()
        # The development lock holds everything of the running one: either stamp is good enough for running.
        if lock == "dev.txt" or not (STAMPS / "packages-dev.txt").exists():
            step(f"packages-{lock}", f"packages of requirements/{lock}", [REQUIREMENTS / lock], lambda: install(lock))
        step("source", "the command yunying", [ROOT / "tools/setup.py"], link_source)
        front = [ROOT / "package-lock.json", ROOT / "vendor.lock.json", ROOT / "src/yunying/platform/ui/icons.py"]
        step("front-end", "files of the pages", front, front_end)
        if lock == "dev.txt":
            step("sdks", "SDKs that tests drive", [ROOT / "tests/collect/sdks/package-lock.json"], sdks)
        step("messages", "message catalogues", LOCALE.rglob("*.po"), compile_messages)
    except Failed as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted; run the same command to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

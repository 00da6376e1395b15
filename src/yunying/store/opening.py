"""Opening the folder of an embedded store: whose it is, and what the engine prints when it is somebody else's."""

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yunying.base.errors import Unavailable

__all__ = ["in_use", "without_lock_line"]

# CANNOT_OPEN_FILE of ClickHouse's own ErrorCodes.cpp: the one line in which the engine speaks of the lock.
_LOCK_LINE = b"Code: 76. "
_STDERR = 2


def in_use(folder: str) -> bool:
    """Whether another process, or a store that is open in this one, holds the folder's lock."""
    try:
        with (Path(folder) / "status").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def without_lock_line() -> Iterator[None]:
    """Withhold the engine's own line about a folder that is locked: our error says it, to people.

    The engine writes it past Python, to the process's standard error. Everything else that is written there inside
    the block appears when the block ends, and with another error the line does too.
    """
    sys.stderr.flush()
    try:
        kept = os.dup(_STDERR)
    except OSError:  # there is none
        yield
        return
    locked = False
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except Unavailable as error:
            locked = error.code == "store.locked"
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
            os.close(kept)
            held.seek(0)
            with open(_STDERR, "wb", closefd=False) as shown:
                shown.writelines(line for line in held if not (locked and line.startswith(_LOCK_LINE)))

"""Rows that are to go, gone soon: the embedded engine, left alone, removes them part by part and sleeps in between."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from yunying.base.errors import YunyingError

__all__ = ["hurried"]

_EVERY_S = 0.02


@contextmanager
def hurried(wake: Callable[[], None]) -> Iterator[None]:
    """While the body waits for a mutation, call `wake` again and again; it makes the engine look for work at once.

    Measured on 120 parts: 1.7 instead of 35 seconds. A `wake` that fails is left to the body to notice.
    """
    done = threading.Event()

    def again() -> None:
        while not done.wait(_EVERY_S):
            try:
                wake()
            except YunyingError:
                return

    thread = threading.Thread(target=again, name="store-hurry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

"""A bell between whoever asks for work and the thread that hands it out, in one process."""

import threading

__all__ = ["up", "wait"]

_bell = threading.Event()


def up() -> None:
    """There is work. Without a runner in this process nobody listens, and a worker elsewhere looks by itself."""
    _bell.set()


def wait(timeout_s: float) -> None:
    """Sleep until the bell rings, at most `timeout_s`."""
    _bell.wait(timeout_s)
    _bell.clear()

"""How often Python looks for objects that hold each other."""

import gc

__all__ = ["search_seldom"]

_NEW_OBJECTS = 50_000


def search_seldom() -> None:
    """Look for cycles after 50,000 new containers instead of 700. For programs; a library leaves this alone.

    A batch of 10,000 events is some 100,000 containers without a single cycle, and by default looking through them
    again and again costs nearly as much as writing them. What is in no cycle is freed at once, now as before.
    """
    _, second, third = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, second, third)

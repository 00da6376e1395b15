"""Facts: what happened, told to whoever wants to know, as one job per subscriber.

A fact is a frozen dataclass of ids and small values, named in the past tense (`GoalClosed`). `publish` writes one
job per subscriber in the caller's transaction; a subscriber that fails is tried again without the others.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter

from yunying.platform.jobs.registry import job
from yunying.platform.jobs.services import enqueue

__all__ = ["publish", "subscriber"]

F = TypeVar("F")

Hearing = Callable[[F], None]

_subscribers: dict[type[Any], list[Callable[..., None]]] = {}
_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def subscriber(kind: type[F], *, queue: str = "default", retries: int = 5) -> Callable[[Hearing[F]], Hearing[F]]:
    """Make `function(fact)` hear of every fact of `kind`. It may hear of one more than once: it has to be idempotent.

    Put it into the app's `facts.py` or `tasks.py`, which are imported at the start.
    """

    def register(function: Hearing[F]) -> Hearing[F]:
        def hear(fact: dict[str, Any]) -> None:
            function(_adapter(kind).validate_python(fact))

        hear.__module__, hear.__qualname__ = function.__module__, function.__qualname__
        _subscribers.setdefault(kind, []).append(job(queue=queue, retries=retries)(hear))
        return function

    return register


def publish(fact: object) -> list[int]:
    """Tell `fact` to its subscribers once the caller's transaction commits; returns the numbers of their jobs."""
    heard = _subscribers.get(type(fact), [])
    content = _adapter(type(fact)).dump_python(fact, mode="json") if heard else None
    return [enqueue(function, fact=content) for function in heard]


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]

"""Which functions are jobs, and which of them recur."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from cronsim import CronSim

__all__ = ["QUEUES", "Handler", "handler_named", "handler_of", "job", "next_due", "schedule", "schedules"]

F = TypeVar("F", bound=Callable[..., None])

QUEUES = ("default", "heavy", "mail")
"""`default` for the most, `heavy` for work of minutes, `mail` for whatever waits for other servers."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A job function under the name its rows carry. `retries` is how many tries follow the first."""

    name: str
    function: Callable[..., None]
    queue: str
    retries: int
    cron: str = ""
    label: Any = ""

    @property
    def shown(self) -> str:
        """What people read on the jobs page."""
        return str(self.label or self.name)


_handlers: dict[str, Handler] = {}


def job(*, queue: str = "default", retries: int = 5, name: str = "", label: Any = "") -> Callable[[F], F]:
    """Make a function a background job; `enqueue` it by name of the function.

    It may run more than once (after a crash it is begun anew), so it has to be idempotent; its arguments are ids
    and other small JSON values. `name` is for a function that moved: rows of the old name still find it. `label`, a
    lazy translation, is what people read.
    """
    return _registering(queue, retries, name, "", label)


def schedule(cron: str, *, queue: str = "default", retries: int = 0, label: Any = "") -> Callable[[F], F]:
    """Make a function without arguments a job that is enqueued when `cron` (five fields, UTC) is due.

    Due times that passed while no worker lived are made up for by one run. Raises CronSimError for a bad `cron`.
    """
    next_due(cron, datetime(2026, 1, 1, tzinfo=UTC))
    return _registering(queue, retries, "", cron, label)


def handler_named(name: str) -> Handler | None:
    """The handler whose rows carry `name`; None when the code no longer knows it."""
    return _handlers.get(name)


def handler_of(function: Callable[..., None]) -> Handler:
    """The handler of a decorated function. Raises TypeError for any other."""
    handler = next((h for h in _handlers.values() if h.function is function), None)
    if handler is None:
        raise TypeError(f"{_name_of(function)} is not a job; decorate it with @job")
    return handler


def schedules() -> list[Handler]:
    """Handlers that recur."""
    return [h for h in _handlers.values() if h.cron]


def next_due(cron: str, after: datetime) -> datetime:
    """The first due time after `after`, aware UTC."""
    due: datetime = next(CronSim(cron, after.astimezone(UTC)))
    return due


def _registering(queue: str, retries: int, name: str, cron: str, label: Any) -> Callable[[F], F]:
    if queue not in QUEUES:
        raise ValueError(f"unknown queue {queue}; there are {', '.join(QUEUES)}")

    def register(function: F) -> F:
        handler = Handler(name or _name_of(function), function, queue, retries, cron, label)
        known = _handlers.get(handler.name)
        if known is not None and known.function is not function:
            raise ValueError(f"two jobs are called {handler.name}")
        if cron and inspect.signature(function).parameters:
            raise TypeError(f"{handler.name} recurs, so it cannot take arguments")
        _handlers[handler.name] = handler
        return function

    return register


def _name_of(function: Any) -> str:
    return f"{function.__module__.removeprefix('yunying.')}.{function.__qualname__}"

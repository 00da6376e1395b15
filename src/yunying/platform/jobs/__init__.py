"""Background work: `@job`, `enqueue`, `@schedule`, and inside a job `step`, `progress`, `cancelled`.

Names are resolved on first use: Django imports this package before its models may be loaded.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yunying.platform.jobs.context import cancelled, progress, step
    from yunying.platform.jobs.registry import job, schedule
    from yunying.platform.jobs.services import enqueue

__all__ = ["cancelled", "enqueue", "job", "progress", "schedule", "step"]

_HOMES = {"cancelled": "context", "progress": "context", "step": "context", "enqueue": "services"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'registry')}"), name)

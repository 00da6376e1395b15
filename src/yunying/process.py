"""Django and the event store made ready for one command of `yunying`, and closed again behind it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from yunying.config import Config
from yunying.store import Store, open_store, use

__all__ = ["ready_django", "ready_store"]


def ready_django(*, migrate: bool = False) -> None:
    """Load the Django side; with `migrate`, bring the relational store up to this version first."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunying.settings")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    django.setup()
    if migrate:
        call_command("migrate", interactive=False, verbosity=0)


@contextmanager
def ready_store(config: Config, *, migrate: bool = False) -> Iterator[Store]:
    """The event store, shared with the whole process. Raises Unavailable (`store.locked`) beside a running server."""
    store = open_store(config.events_url, memory_mb=config.query_memory_mb, timeout_s=config.query_timeout_s)
    try:
        if migrate:
            store.migrate()
        use(store)
        yield store
    finally:
        use(None)
        store.close()

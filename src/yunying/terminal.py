"""Progress of long work, drawn in the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["bar", "import_with_bar"]


def import_with_bar(product: Any, file: Path, mapping: Any, *, max_errors: int = 10_000) -> Any:
    """Import a file and draw how far it is."""
    from yunying.apps.tracking.importing.runner import ImportProgress, import_file
    from yunying.apps.tracking.ingest import Ingest
    from yunying.base.actor import SYSTEM

    with bar() as progress:
        task = progress.add_task(file.name, total=1.0, note="")

        def tell(now: ImportProgress) -> None:
            progress.update(task, completed=now.fraction, note=f"{now.rows:,} rows, {now.events:,} events")

        return import_file(
            actor=SYSTEM, product=product, path=file, mapping=mapping, sink=Ingest(), tell=tell, max_errors=max_errors
        )


@contextmanager
def bar() -> "Iterator[Progress]":
    """A progress bar with a note behind it; plain lines where there is no terminal."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, TimeElapsedColumn(), refresh_per_second=4) as progress:
        yield progress

"""The version guard of rows that people edit on pages."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from yunying.base import clock
from yunying.base.errors import Conflict, msg

__all__ = ["write_version"]


def write_version(row: Any, version: int, changes: Mapping[str, Any]) -> None:
    """Write `changes` if the row is still at `version`, and bring `row` up to date. One query.

    The condition closes the race of two editors who opened the same version: the second one is told, and
    nothing of the first one's work is lost. Raises Conflict then.
    """
    stamped = dict(changes)
    if hasattr(row, "updated_at"):
        stamped["updated_at"] = clock.now()
    if not type(row).objects.filter(pk=row.pk, version=version).update(version=F("version") + 1, **stamped):
        raise Conflict(
            "version.changed", msg("Somebody else changed this in the meantime. Load it again and repeat your change.")
        )
    for key, value in stamped.items():
        setattr(row, key, value)
    row.version = version + 1

"""A demo that is served for days: once an hour it brings in the days that are past by now, if there are any."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from yunying.demo.loading import fetched, grow, wants_more
from yunying.demo.notes import Notes
from yunying.demo.recipes import Recipe
from yunying.platform.jobs import schedule

__all__ = ["bring_in_past_days", "keep_growing"]

log = logging.getLogger(__name__)

_recipes: Sequence[Recipe] = ()
_data = Path()
_notes = Path()


def keep_growing(recipes: Sequence[Recipe], data: Path, notes: Path) -> None:
    """From now on, as long as this process serves. Only a start of the demo does so: a server knows no recipes."""
    global _recipes, _data, _notes
    _recipes, _data, _notes = recipes, data, notes


@schedule("20 * * * *", queue="heavy", label=_("Bring in the demo's events of past days"))
def bring_in_past_days() -> None:
    """Harmless when repeated: events are known by their ids, and the notes say until when all are there."""
    from yunying.platform.products.models import Product

    notes = Notes.load(_notes)
    for recipe in _recipes:
        noted = notes.recipes.get(recipe.name)
        product = Product.objects.filter(slug=recipe.product["slug"]).first()
        if noted is None or not noted.done or product is None or not wants_more(recipe, noted):
            continue
        if fetched(recipe, _data):
            grow(recipe, _data / recipe.name, product, noted, _quietly)
            notes.save()


def _quietly(product: Any, file: Path, mapping: Any) -> Any:
    from yunying.apps.tracking.importing.runner import import_file
    from yunying.apps.tracking.ingest import shared_ingest
    from yunying.base.actor import SYSTEM

    run = import_file(actor=SYSTEM, product=product, path=file, mapping=mapping, sink=shared_ingest())
    log.info("%s: %d events more", file.name, run.events)
    return run

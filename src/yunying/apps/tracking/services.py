"""Commands on the catalogue, and word of what was asked; the write side of events is `ingest`."""

from yunying.apps.tracking.catalogue.plan import apply_plan, plan_of
from yunying.apps.tracking.catalogue.words import announce_event, announce_property, describe
from yunying.apps.tracking.columns import note_question

__all__ = ["announce_event", "announce_property", "apply_plan", "describe", "note_question", "plan_of"]

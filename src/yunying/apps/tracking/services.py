"""Commands on the catalogue, word of what was asked, parts of a person's page; events are written by `ingest`."""

from yunying.apps.tracking.catalogue.plan import apply_plan, plan_of
from yunying.apps.tracking.catalogue.words import announce_event, announce_property, describe
from yunying.apps.tracking.columns import note_always, note_question
from yunying.apps.tracking.parts import PersonPart, add_person_part
from yunying.apps.tracking.people.joining import merge_people, split_person

__all__ = [
    "PersonPart",
    "add_person_part",
    "announce_event",
    "announce_property",
    "apply_plan",
    "describe",
    "merge_people",
    "note_always",
    "note_question",
    "plan_of",
    "split_person",
]

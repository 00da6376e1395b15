"""Which properties deserve a column of their own: those that questions ask for and very many events carry."""

from collections.abc import Iterator, Mapping
from typing import Any

from yunying.apps.tracking.models import PropertyDefinition, PropertyOf
from yunying.apps.tracking.tasks import promote_property
from yunying.platform.jobs import enqueue
from yunying.store import Kind, shared

__all__ = ["SEEN", "note_always", "note_question", "properties_read"]

# A property that fewer events carry is read from the text in no time, and columns are few.
SEEN = 50_000

_NUMERIC = frozenset({"gt", "gte", "lt", "lte", "between"})


def note_question(product_id: int, question: Mapping[str, Any]) -> None:
    """Call when a question was answered by reading events, with the question as JSON.

    The first time one needs a property that has no column and that at least 50,000 events of the product carry, a job
    gives it one. No query at all where every property has its column.
    """
    columns = shared().columns()
    for name, kind in sorted(set(properties_read(question))):
        if columns.has(name, kind):
            continue
        rows = PropertyDefinition.objects.filter(product_id=product_id, of=PropertyOf.EVENT, name=name)
        if rows.filter(volume__gte=SEEN).exists():
            enqueue(promote_property, key=f"{kind.value}:{name}"[:200], name=name, kind=kind.value)


def note_always(product_id: int, name: str) -> None:
    """Call when every question of a product reads this text: it gets a column as soon as one event has it."""
    known = PropertyDefinition.objects.filter(product_id=product_id, of=PropertyOf.EVENT, name=name)
    if not shared().columns().has(name, Kind.TEXT) and known.exists():
        enqueue(promote_property, key=f"{Kind.TEXT.value}:{name}"[:200], name=name, kind=Kind.TEXT.value)


def properties_read(question: Any) -> Iterator[tuple[str, Kind]]:
    """The properties of events a question reads, and in which form; the same for every kind of question.

    A condition has an operator, a series with a property a measure of its number, and what is left is a breakdown.
    """
    if isinstance(question, Mapping):
        name = question.get("property")
        if isinstance(name, str) and name and question.get("of", "event") == "event":
            numeric = question["operator"] in _NUMERIC if "operator" in question else "measure" in question
            yield name, Kind.NUMBER if numeric else Kind.TEXT
        question = list(question.values())
    if isinstance(question, list | tuple):
        for part in question:
            yield from properties_read(part)

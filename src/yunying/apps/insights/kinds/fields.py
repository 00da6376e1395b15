"""Which field of a form an error is about: the engine names a place in the question, the form has its own names."""

from typing import Any

from yunying.apps.insights.kinds.form import parts_of

__all__ = ["field_id"]

# Names in the question -> names in the form, where they differ.
ALIASES = {
    "moving_average": "smooth",
    "breakdown_limit": "limit",
    "from_step": "first",
    "to_step": "last",
    "values": "v0",
}


def field_id(form: Any, path: str) -> str:
    """The id of the form's field for `series.0.filters.items.2.values.0`; rows not filled in are skipped over.

    The id of the nearest field where the form has none of exactly this meaning.
    """
    node, at, rest = form, "", [key for key in path.split(".") if key != "items"]
    while rest:
        key = rest.pop(0)
        part = dict(parts_of(node)).get(key)
        if part is None:
            return at + _leaf(key, rest)
        if not part.many:
            node, at = getattr(node, key), f"{at}{part.key}-"
            continue
        found = [(i, row) for i, row in enumerate(getattr(node, key)) if getattr(row, "complete", lambda: True)()]
        index = int(rest.pop(0)) if rest and rest[0].isdecimal() else -1
        if not 0 <= index < len(found):
            return f"do-add-{at.replace('-', '.')}{part.key}"
        node, at = found[index][1], f"{at}{part.key}{found[index][0]}-"
    return at + _first(node)


def _leaf(key: str, rest: list[str]) -> str:
    if key in ("range", "window", "attribution", "value") and rest:
        return rest[0] if key == "range" and rest[0] in ("from", "to") else f"{key}-{rest[0]}"
    return ALIASES.get(key, key)


def _first(node: Any) -> str:
    names = [name for name in ("event", "property", "label") if hasattr(node, name)]
    return names[0] if names else ""

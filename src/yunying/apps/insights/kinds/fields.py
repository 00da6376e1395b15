"""Which field of a form an error is about: the engine names a place in the question, the form has its own names."""

from typing import Any

from yunying.apps.insights.kinds.form import parts_of

__all__ = ["field_id"]

# Names in the question -> names in the form, where they differ.
ALIASES = {"moving_average": "smooth", "breakdown_limit": "limit", "values": "v0"}
GROUPS = frozenset({"range", "window", "attribution", "value"})


def field_id(form: Any, path: str) -> str:
    """The id of the form's field for `series.0.filters.items.2.values.0`; rows not filled in are skipped over.

    Where no field has exactly this meaning it is the nearest one, or the button that adds a row.
    """
    node, at, rest = form, "", [key for key in path.split(".") if key != "items"]
    while rest:
        key = rest.pop(0)
        name, part = _part(node, key)
        if part is None:
            return at + _leaf(key, rest)
        if not part.many:
            node, at = getattr(node, name), f"{at}{part.key}-"
            continue
        found = [(i, row) for i, row in enumerate(getattr(node, name)) if getattr(row, "complete", lambda: True)()]
        index = int(rest.pop(0)) if rest and rest[0].isdecimal() else -1
        if not 0 <= index < len(found):
            return _end(node, name, f"{at}{part.key}")
        node, at = found[index][1], f"{at}{part.key}{found[index][0]}-"
    return at + _first(node)


def _part(node: Any, key: str) -> tuple[str, Any]:
    """The list or row of the form that the question calls `key`."""
    for name, part in parts_of(node):
        if key == (name if part.many else part.key):
            return name, part
    return "", None


def _end(node: Any, name: str, start: str) -> str:
    """The last row of a list that is wrong as a whole, or the button that adds one."""
    count = len(getattr(node, name))
    return f"{start}{count - 1}-{_first(getattr(node, name)[-1])}" if count else f"do-add-{start.replace('-', '.')}"


def _leaf(key: str, rest: list[str]) -> str:
    if key in GROUPS and rest:
        return rest[0] if key == "range" and rest[0] in ("from", "to") else f"{key}-{rest[0]}"
    return ALIASES.get(key, key)


def _first(node: Any) -> str:
    """The field of a row that says most."""
    name = next((name for name in ("event", "property") if hasattr(node, name)), "")
    return name or next((f"{part.key}0-{_first(part.row())}" for _name, part in parts_of(node)), "")

"""From an OpenAPI document to what the reference page shows. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Endpoint", "Field", "Section", "sections"]

_WHEN = {"date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z"}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`body` and `answer` are the fields of the JSON sent and received, `curl` a call to copy."""

    anchor: str
    method: str
    path: str
    title: str
    about: str
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    status: str
    curl: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    endpoints: list[Endpoint]


def sections(schema: Mapping[str, Any]) -> list[Section]:
    """Endpoints by their first tag, in the document's order."""
    found: dict[str, list[Endpoint]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = next(iter(operation.get("tags", [])), "Other")
            found.setdefault(tag, []).append(_endpoint(schema, path, method, operation))
    return [Section(title, endpoints) for title, endpoints in found.items()]


def _endpoint(schema: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Endpoint:
    body = _content(operation.get("requestBody", {}))
    status, answer = next(
        ((str(code), reply) for code, reply in operation["responses"].items() if str(code).startswith("2")), ("", {})
    )
    return Endpoint(
        anchor=operation.get("operationId", f"{method}{path}"),
        method=method.upper(),
        path=path,
        title=operation.get("summary", ""),
        about=operation.get("description", ""),
        parameters=[
            Field(
                p["name"], _kind(schema, p["schema"]), p.get("required", False), p["schema"].get("description", p["in"])
            )
            for p in operation.get("parameters", [])
        ],
        body=list(_fields(schema, body)),
        answer=list(_fields(schema, _content(answer))),
        status=status,
        curl=_curl(schema, path, method, body),
    )


def _content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    content = holder.get("content", {})
    return next((kind.get("schema", {}) for kind in content.values()), {})


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = schema
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found if isinstance(found, Mapping) else {}


def _fields(schema: Mapping[str, Any], part: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    whole = _resolved(schema, part)
    if whole.get("type") == "array":
        yield from _fields(schema, whole.get("items", {}), f"{prefix}[]")
        return
    for name, inner in whole.get("properties", {}).items():
        label = f"{prefix}.{name}".lstrip(".")
        about = inner.get("description", "")
        yield Field(label, _kind(schema, inner), name in whole.get("required", ()), about)
        if inner.get("type") == "array" and not prefix:
            yield from _fields(schema, inner["items"], f"{label}[]")


def _kind(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    whole = _resolved(schema, part)
    if "enum" in whole:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in whole["enum"])
    if "const" in whole:
        return json.dumps(whole["const"], ensure_ascii=False)
    options = whole.get("anyOf") or whole.get("oneOf")
    if options:
        return " | ".join(_kind(schema, option) for option in options)
    if whole.get("type") == "array":
        return f"[{_kind(schema, whole.get('items', {}))}]"
    return str(whole.get("format") or whole.get("title" if "properties" in whole else "type") or "any")


def _curl(schema: Mapping[str, Any], path: str, method: str, body: Mapping[str, Any]) -> str:
    lines = [f'curl -X {method.upper()} "$YUNYING{path}"', '  -H "Authorization: Bearer $KEY"']
    if body:
        example = {name: _example(schema, inner) for name, inner in _needed(_resolved(schema, body))}
        lines += ['  -H "Content-Type: application/json"', f"  -d '{json.dumps(example, ensure_ascii=False)}'"]
    return " \\\n".join(lines)


def _needed(whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, inner in whole.get("properties", {}).items():
        if name in whole.get("required", ()):
            yield name, inner


def _example(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Any:
    whole = _resolved(schema, part)
    options = whole.get("anyOf") or whole.get("oneOf")
    if options:
        return _example(schema, options[0])
    if "enum" in whole or "const" in whole:
        return whole["enum"][0] if "enum" in whole else whole["const"]
    if whole.get("type") == "object":
        return {name: _example(schema, inner) for name, inner in _needed(whole)}
    if whole.get("type") == "array":
        return [_example(schema, whole.get("items", {}))]
    if whole.get("format") in _WHEN:
        return _WHEN[whole["format"]]
    return {"integer": 1, "number": 1.5, "boolean": True}.get(whole.get("type", ""), "…")

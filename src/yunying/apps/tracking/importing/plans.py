"""What people choose for the columns of a file, and the mapping that comes of it.

A plan is the part of what mappings can do that fits on a page: one role per column. The command line takes the same
mapping, which may do more.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from yunying.apps.tracking.importing.sniffing import Layout
from yunying.base.errors import InvalidInput, msg

__all__ = ["EXCEL_DAYS", "ColumnPlan", "Plan", "Role", "columns_digest", "mapping_of", "plan_from"]

# From 1980 to 2100 in days since 1899-12-30.
EXCEL_DAYS = (29_221.0, 73_051.0)


class Role(StrEnum):
    """What a column is used for. A MOMENT is the time of an event of its own, of which a row may have several."""

    IGNORE = "ignore"
    PROPERTY = "property"
    TIME = "time"
    EVENT = "event"
    DISTINCT_ID = "distinct_id"
    ACCOUNT = "account"
    SESSION = "session"
    UNIQUE_ID = "unique_id"
    PERSON = "person"
    PERSON_ONCE = "person_once"
    ACCOUNT_PROPERTY = "account_property"
    ACCOUNT_ONCE = "account_once"
    SPREAD = "spread"
    MOMENT = "moment"


_ONLY_ONE = {
    Role.TIME: msg("Only one column can be the time; you chose %(columns)s."),
    Role.EVENT: msg("Only one column can be the name of the event; you chose %(columns)s."),
    Role.ACCOUNT: msg("Only one column can be the account; you chose %(columns)s."),
    Role.SESSION: msg("Only one column can be the session; you chose %(columns)s."),
}
ONCE = tuple(_ONLY_ONE)
ON_PERSON = (("set", Role.PERSON), ("set_once", Role.PERSON_ONCE))
ON_ACCOUNT = (("set", Role.ACCOUNT_PROPERTY), ("set_once", Role.ACCOUNT_ONCE))
VALUES = (Role.PROPERTY, *(role for _entry, role in (*ON_PERSON, *ON_ACCOUNT)))


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column: its name in the file, its role, the type of its values ('' as the file has it), its name here."""

    name: str
    role: Role
    kind: str = "text"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`event` is the name where no column says it; `uuids` that the unique ids are taken over as they are."""

    layout: Layout
    columns: tuple[ColumnPlan, ...]
    event: str = ""
    source: str = "import"
    time_format: str = "iso"
    zone: str = ""
    uuids: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def of(self, role: Role) -> list[ColumnPlan]:
        """The columns of a role, in the file's order."""
        return [one for one in self.columns if one.role is role]


def plan_from(data: Mapping[str, Any]) -> Plan:
    """The plan that `to_json` was taken of."""
    layout = Layout(**{**data["layout"], "sheets": tuple(data["layout"].get("sheets", ()))})
    columns = tuple(ColumnPlan(one["name"], Role(one["role"]), one["kind"], one["title"]) for one in data["columns"])
    more = {name: data[name] for name in ("event", "source", "time_format", "zone", "uuids") if name in data}
    return Plan(layout, columns, **more)


def columns_digest(names: Iterable[str]) -> str:
    """Names a set of columns, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()


def mapping_of(plan: Plan) -> dict[str, Any]:
    """The mapping of a plan, as `mapping.parse` takes it. Raises InvalidInput naming the field that is missing."""
    _require_whole(plan)
    document: dict[str, Any] = {
        "source": plan.source,
        "file": _file(plan),
        "columns": {
            one.name: one.kind
            for one in plan.columns
            if one.kind not in ("", "text") and (one.role in VALUES or one.role is Role.SPREAD)
        },
        "distinct_id": _first_of([one.name for one in plan.of(Role.DISTINCT_ID)]),
    }
    times = [(one.name, _name(plan)) for one in plan.of(Role.TIME)]
    times += [(one.name, one.title) for one in plan.of(Role.MOMENT)]
    wide = bool(plan.of(Role.MOMENT))
    document["events"] = [_event(plan, column, name, wide=wide) for column, name in times]
    return document


def _file(plan: Plan) -> dict[str, Any]:
    layout = plan.layout
    found: dict[str, Any] = {"format": layout.format}
    if layout.format in ("csv", "jsonl"):
        found["encoding"] = layout.encoding
    if layout.format == "csv":
        found["separator"] = layout.separator
    if layout.format == "xlsx":
        found["sheet"] = layout.sheet
    if layout.above:
        found["above"] = layout.above
    if layout.format in ("csv", "xlsx") and not layout.header:
        found["header"] = [one.name for one in plan.columns]
    return found


def _event(plan: Plan, column: str, name: Any, *, wide: bool) -> dict[str, Any]:
    time = {"column": column, "format": plan.time_format}
    if plan.zone:
        time["zone"] = plan.zone
    event: dict[str, Any] = {"name": name, "time": time}
    ids = [one.name for one in plan.of(Role.UNIQUE_ID)]
    if plan.uuids and len(ids) == 1 and not wide:
        event["uuid"] = ids[0]
    elif ids:
        event["id"] = ids
    if wide:
        event["when"] = [{"column": column, "empty": False}]
    for role in (Role.ACCOUNT, Role.SESSION):
        if columns := plan.of(role):
            event[role.value] = columns[0].name
    if properties := {one.title: one.name for one in plan.of(Role.PROPERTY)}:
        event["properties"] = properties
    if spread := [one.name for one in plan.of(Role.SPREAD)]:
        event["spread"] = spread
    for entry, roles in (("person", ON_PERSON), ("account_properties", ON_ACCOUNT)):
        if given := {how: {one.title: one.name for one in plan.of(role)} for how, role in roles if plan.of(role)}:
            event[entry] = given
    return event


def _name(plan: Plan) -> Any:
    columns = plan.of(Role.EVENT)
    if not columns:
        return plan.event
    return {"column": columns[0].name} | ({"otherwise": {"value": plan.event}} if plan.event else {})


def _first_of(names: list[str]) -> dict[str, Any]:
    """The first of several columns that is not empty."""
    first, rest = names[0], names[1:]
    return {"column": first} | ({"otherwise": _first_of(rest)} if rest else {})


def _require_whole(plan: Plan) -> None:
    if not plan.of(Role.DISTINCT_ID):
        raise _missing("distinct_id", msg("Say which column holds the id of who did it (distinct id)."))
    if not plan.of(Role.TIME) and not plan.of(Role.MOMENT):
        raise _missing("time", msg("Say which column holds the time."))
    if plan.of(Role.TIME) and not plan.of(Role.EVENT) and not plan.event:
        raise _missing("event", msg("Say which column holds the name of the event, or give one name for all rows."))
    for role in ONCE:
        if len(plan.of(role)) > 1:
            raise _missing(
                role.value,
                _ONLY_ONE[role],
                columns=", ".join(one.name for one in plan.of(role)),
            )
    if any(plan.of(role) for _entry, role in ON_ACCOUNT) and not plan.of(Role.ACCOUNT):
        raise _missing("account", msg("Say which column holds the account these properties are of."))
    for role in (*VALUES, Role.MOMENT):
        titles = [one.title for one in plan.of(role)]
        twice = next((title for title in titles if titles.count(title) > 1 or not title), None)
        if twice is not None:
            raise _missing("columns", msg("Two columns are to be called “%(name)s”, or one has no name."), name=twice)


def _missing(field: str, why: str, **data: Any) -> InvalidInput:
    return InvalidInput("import.plan", why, field=field, **data)

"""The canonical event: what every protocol is turned into, what the spool keeps and the store is given."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["UNOWNED", "Event", "Link", "LinkKind", "Op", "OpKind", "Refusal"]

# The product of what came under a name that no product has.
UNOWNED = 0


class OpKind(StrEnum):
    """What happens to one property of a person or account; with CLEAR to all of them, and `key` is empty.

    APPEND and PREPEND put a value or a list of values at the end or the start of a list; UNION and UNION_FIRST do so
    with those that are not in it yet, and REMOVE takes them out.
    """

    SET = "set"
    SET_ONCE = "set_once"
    UNSET = "unset"
    ADD = "add"
    APPEND = "append"
    PREPEND = "prepend"
    UNION = "union"
    UNION_FIRST = "union_first"
    REMOVE = "remove"
    CLEAR = "clear"


@dataclass(slots=True, frozen=True)
class Op:
    kind: OpKind
    key: str
    value: Any = None


class LinkKind(StrEnum):
    IDENTIFY = "identify"
    ALIAS = "alias"
    MERGE = "merge"


@dataclass(slots=True, frozen=True)
class Link:
    """Two distinct ids are one person. For IDENTIFY `source` is the anonymous id and `target` the known one."""

    kind: LinkKind
    source: str
    target: str


@dataclass(slots=True)
class Event:
    """One thing somebody did.

    `ts_ms` and `received_ms` are UTC epoch milliseconds, `uuid` is canonical lower-case text and unique per
    product, `props` JSON values (integers exact). `account` is the key of the customer the person acted for. `address`
    and `agent` are the IP address and the user agent of whoever did it, empty where a server sent the event: they are
    read for region and device on the way to the store and not written there.
    """

    product: int
    uuid: str
    name: str
    distinct_id: str
    ts_ms: int
    received_ms: int
    props: dict[str, Any] = field(default_factory=dict)
    session: str = ""
    account: str = ""
    person_ops: list[Op] = field(default_factory=list)
    account_ops: list[Op] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    protocol: str = "own"
    library: str = ""
    historical: bool = False
    address: str = ""
    agent: str = ""


@dataclass(slots=True)
class Refusal:
    """An event or body that was not accepted: `code` is stable, `reason` says what to change, `body` is what came."""

    product: int
    id: str
    received_ms: int
    protocol: str
    code: str
    reason: str
    body: str
    data: dict[str, Any] = field(default_factory=dict)

"""Who does something: a person at a page, an API key, or the program itself."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["SYSTEM", "Actor", "ActorKind"]


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is the user's or key's primary key, `name` what the audit log shows, `ip` and `user_agent` from where."""

    kind: ActorKind
    id: int | None
    name: str
    ip: str = ""
    user_agent: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, None, "Yunying")

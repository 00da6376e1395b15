"""Which of an SDK's groups is the account: the customer a person acts for.

SDKs know many kinds of groups, Yunying one account per event. The first type of `ACCOUNT_TYPES` that is present
is taken; groups of other types stay readable as properties.
"""

from collections.abc import Mapping
from typing import Any

from yunying.events.normalise import identity

__all__ = ["ACCOUNT_TYPES", "account_of", "is_account_type"]

ACCOUNT_TYPES = ("account", "company", "customer", "organization", "organisation", "tenant", "workspace", "team")


def is_account_type(group_type: str) -> bool:
    """Whether groups of this type are accounts."""
    return group_type.lower() in ACCOUNT_TYPES


def account_of(groups: Mapping[str, Any]) -> str:
    """The account among `groups` (type → key, or a list of keys of which the first counts), or an empty text."""
    lowered = {key.lower(): value for key, value in groups.items()}
    for name in ACCOUNT_TYPES:
        value = lowered.get(name)
        found = identity(value[0] if isinstance(value, list) and value else value)
        if found:
            return found
    return ""

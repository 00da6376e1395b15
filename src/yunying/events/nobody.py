"""Ids that stand for nobody in particular: what programs send when they have none."""

__all__ = ["is_nobody"]

# Seen in the wild; merging on one of them would make one person of a whole country.
_NOBODY = frozenset(
    {
        "",
        "0",
        "-1",
        "anonymous",
        "guest",
        "nan",
        "nil",
        "none",
        "null",
        "undefined",
        "true",
        "false",
        "[object object]",
        "distinct_id",
        "distinctid",
        "user_id",
        "userid",
        "not_authenticated",
        "00000000-0000-0000-0000-000000000000",
        "$posthog_cookieless",
    }
)


def is_nobody(distinct_id: str) -> bool:
    """Whether an id stands for nobody: blanks, quotation marks around it and upper case do not make it one."""
    return distinct_id.strip().strip("\"'").strip().lower() in _NOBODY

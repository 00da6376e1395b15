"""Reasons of refusal in the reader's language: they are kept in English, as the sender was told."""

import re
from functools import lru_cache

from django.utils.translation import gettext

from yunying.base.errors import msg

__all__ = ["in_words"]

# The messages with something filled in; those without are found in the catalogue as they are.
_FILLED = (
    msg("%(name)s must be an object of names and values."),
    msg("A property is nested deeper than %(limit)d levels."),
    msg("The body is larger than %(limit)d bytes."),
    msg("The body is not JSON: the error is near character %(position)d."),
    msg("The compression %(encoding)s is not understood; send gzip."),
    msg("The event does not say who did it: %(name)s is missing."),
    msg("The event has more than %(limit)d properties."),
    msg("The event is larger than %(limit)d bytes."),
    msg("The id is longer than %(limit)d characters."),
    msg("The name of a property is longer than %(limit)d characters."),
    msg("The name of the event is longer than %(limit)d characters."),
    msg("“%(name)s” is not a field of an event; put it into properties."),
    msg("“%(sent)s” cannot be used as an id, because many people would share it."),
    msg("“%(sent)s” is not a type of message; use track, page, screen, identify, group or alias."),
)
_PLACE = re.compile(r"%\((\w+)\)[sd]")


def in_words(reason: str) -> str:
    """`reason` in the reader's language; unchanged if no message of the program says it."""
    for message, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return _PLACE.sub(lambda place: found[place[1]], gettext(message))
    return gettext(reason) if reason else ""


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(message, re.compile(_pattern(message), re.DOTALL)) for message in _FILLED]


def _pattern(message: str) -> str:
    parts = _PLACE.split(message)
    return "".join(f"(?P<{part}>.*)" if at % 2 else re.escape(part) for at, part in enumerate(parts))

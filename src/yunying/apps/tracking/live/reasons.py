"""Reasons of refusal in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

__all__ = ["in_words", "reason_of"]


def in_words(message: str, values: Mapping[str, Any]) -> str:
    """A message of the program with its placeholders filled, in the reader's language."""
    shown = gettext(message) if message else ""
    return shown % values if values else shown


def reason_of(reason: str, data: Mapping[str, Any]) -> str:
    """Why an item was refused. `reason` is the English the sender was told, `data` has the message behind it.

    Items that were kept before messages were have the English only; it is translated where nothing is filled in.
    """
    message = data.get("message")
    return in_words(message, data.get("values") or {}) if message else in_words(reason, {})

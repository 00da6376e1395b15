"""Reasons of refusal in the reader's language."""

from django.utils import translation
from django.utils.translation import gettext

from yunying.apps.tracking.live.reasons import in_words

NAMELESS = "The event has no name."
FILLED = "“foo” is not a field of an event; put it into properties."
MESSAGE = "“%(name)s” is not a field of an event; put it into properties."


def test_a_reason_is_said_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert in_words(NAMELESS) == gettext(NAMELESS)
        assert in_words(FILLED) == gettext(MESSAGE) % {"name": "foo"}


def test_what_was_filled_in_stays_as_it_is() -> None:
    odd = "“100% (a)s\n” is not a field of an event; put it into properties."
    assert in_words(odd) == odd


def test_an_unknown_reason_stays_as_it_is() -> None:
    with translation.override("zh-hans"):
        assert in_words("Nobody ever said this.") == "Nobody ever said this."
        assert in_words("") == ""

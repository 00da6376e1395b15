"""Reasons of refusal in the reader's language."""

from django.utils import translation
from django.utils.translation import gettext

from yunying.apps.tracking.live.reasons import in_words, reason_of

NAMELESS = "The event has no name."
MESSAGE = "“%(name)s” is not a field of an event; put it into properties."
TOLD = "“foo” is not a field of an event; put it into properties."


def test_a_reason_is_said_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        assert gettext(MESSAGE) != MESSAGE
        said = reason_of(TOLD, {"message": MESSAGE, "values": {"name": "foo"}})
        assert said == gettext(MESSAGE) % {"name": "foo"}
        assert reason_of(NAMELESS, {"message": NAMELESS, "values": {}}) == gettext(NAMELESS)


def test_what_was_filled_in_stays_as_it_is() -> None:
    assert in_words(MESSAGE, {"name": "100% (a)s"}).startswith("“100% (a)s”")


def test_items_of_earlier_versions_are_readable() -> None:
    with translation.override("zh-hans"):
        assert reason_of(TOLD, {"field": "foo"}) == TOLD
        assert reason_of(NAMELESS, {}) == gettext(NAMELESS)
        assert reason_of("100% wrong", {}) == "100% wrong"
        assert reason_of("", {}) == ""

"""The words, colours and icons of standings and of how goals ended."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.models import Status
from yunying.apps.goals.progress import Standing

__all__ = ["CLOSED", "HELD_AGAIN", "NO_KEY_RESULT", "Look", "look_of"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a standing is shown: its word says it all, colour and icon only help to find it."""

    label: Promise | str
    colour: str
    icon: str


_LOOKS: dict[str, Look] = {
    Standing.REACHED: Look(pgettext_lazy("standing", "Reached"), "green", "circle-check"),
    Standing.ON_TRACK: Look(pgettext_lazy("standing", "On track"), "green", "trending-up"),
    Standing.AT_RISK: Look(pgettext_lazy("standing", "At risk"), "yellow", "alert-triangle"),
    Standing.OFF_TRACK: Look(pgettext_lazy("standing", "Off track"), "red", "trending-down"),
    Standing.MISSED: Look(pgettext_lazy("standing", "Missed"), "red", "circle-x"),
    Standing.NOT_STARTED: Look(pgettext_lazy("standing", "Not started"), "secondary", "clock"),
    Standing.NO_READING: Look(pgettext_lazy("standing", "No reading yet"), "secondary", "help-circle"),
}
CLOSED: dict[str, Look] = {
    Status.ACHIEVED: Look(pgettext_lazy("goal", "Achieved"), "green", "circle-check"),
    Status.PARTLY: Look(pgettext_lazy("goal", "Partly achieved"), "yellow", "circle-check"),
    Status.MISSED: Look(pgettext_lazy("goal", "Missed"), "red", "circle-x"),
    Status.DROPPED: Look(pgettext_lazy("goal", "Dropped"), "secondary", "ban"),
}
NO_KEY_RESULT = Look(pgettext_lazy("standing", "No key result"), "secondary", "help-circle")
# Of a key result that stays, neither "reached" nor a trend says what is meant.
_WITHIN = {
    Standing.REACHED: Look(pgettext_lazy("standing", "Kept"), "green", "circle-check"),
    Standing.ON_TRACK: Look(pgettext_lazy("standing", "Within limits"), "green", "shield-check"),
    Standing.MISSED: Look(pgettext_lazy("standing", "Not kept"), "red", "circle-x"),
    Standing.AT_RISK: Look(pgettext_lazy("standing", "Just beyond the limit"), "yellow", "alert-triangle"),
    Standing.OFF_TRACK: Look(pgettext_lazy("standing", "Beyond the limit"), "red", "alert-circle"),
}
# A guardrail that was broken and holds now: what suffered is not made good by that.
HELD_AGAIN = Look(pgettext_lazy("standing", "Holds again"), "yellow", "alert-triangle")


def look_of(standing: str, *, stays: bool = False) -> Look:
    """The words and colours of a standing."""
    found = _WITHIN.get(Standing(standing)) if stays and standing else None
    return found or _LOOKS.get(standing, NO_KEY_RESULT)

"""What the commands on goals share: checks of single values, the version guard, and how the audit log names things."""

import math
from datetime import date, timedelta
from typing import Any

from yunying.apps.goals.models import CheckIn, Cycle, Driver, Goal, KeyResult, Status
from yunying.base.actor import ActorKind
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.selectors import member_ids

__all__ = [
    "FIRST_YEAR",
    "LARGEST",
    "LAST_YEAR",
    "UNSET",
    "actor_id",
    "checked_number",
    "checked_owner",
    "checked_period",
    "checked_text",
    "checked_title",
    "checked_weight",
    "facts_of",
    "given",
    "lock_open",
    "noted",
]

LONGEST_TITLE, LONGEST_TEXT = 160, 5_000
LARGEST = 1e15
HEAVIEST = 1_000
FIRST_YEAR, LAST_YEAR = 1970, 2199
LONGEST = timedelta(days=3_653)
UNSET: Any = object()

_FACTS: dict[type[Any], tuple[str, ...]] = {
    Goal: (
        "title", "why", "start", "due", "parent_id", "owner_id", "status", "level", "team", "weight", "counts",
        "cycle_id", "rhythm", "rhythm_day", "score",
    ),
    KeyResult: (
        "goal_id", "metric_id", "name", "shape", "guardrail", "baseline", "target", "low", "high", "weight",
        "on_track_lag", "at_risk_lag", "start", "due",
    ),
    Cycle: ("name", "kind", "start", "due", "review"),
    Driver: ("parent_id", "metric_id", "relation", "owner_id", "note"),
    CheckIn: ("goal_id", "on", "confidence", "happened", "obstacles", "next_steps"),
}  # fmt: skip
_KINDS = {Goal: "goal", KeyResult: "key_result", Cycle: "cycle", Driver: "driver", CheckIn: "check_in"}


def given(**fields: Any) -> dict[str, Any]:
    """The fields that a caller gave."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def actor_id(access: ProductAccess) -> int | None:
    """The user who acts; None for programs."""
    return access.actor.id if access.actor.kind == ActorKind.USER else None


def checked_title(text: str, field: str = "title", *, empty: bool = False, most: int = LONGEST_TITLE) -> str:
    """`text` without space around it. Raises InvalidInput when it is empty, unless it may be, or too long."""
    text = _kept(text, field).strip()
    # What cannot be seen is no title: nobody could find or open it.
    if not empty and not any(sign.isprintable() and not sign.isspace() for sign in text):
        raise InvalidInput("goal.title_empty", msg("Say in a few words what it is."), field=field)
    if len(text) > most:
        raise InvalidInput("goal.title_long", msg("At most %(most)d characters."), field=field, most=most)
    return text


def checked_text(text: str, field: str) -> str:
    """`text` without space around it. Raises InvalidInput when it is too long."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput("goal.text_long", msg("At most %(most)d characters."), field=field, most=LONGEST_TEXT)
    return _kept(text, field).strip()


def _kept(text: str, field: str) -> str:
    """`text`, if a database can keep it: half of a sign that JSON wrote in two halves cannot be."""
    try:
        text.encode()
    except UnicodeEncodeError:
        broken = msg("This text holds a broken sign that cannot be kept. Type it anew.")
        raise InvalidInput("goal.text_broken", broken, field=field) from None
    return text


def checked_period(start: date, due: date) -> None:
    """Raises InvalidInput when `due` is before `start`, far in the past or future, or years after it."""
    if due < start:
        raise InvalidInput("goal.period", msg("It cannot be due before it starts."), field="due")
    if start.year < FIRST_YEAR or due.year > LAST_YEAR:
        text = msg("Choose days from %(first)d to %(last)d.")
        field = "start" if start.year < FIRST_YEAR else "due"
        raise InvalidInput("goal.period_far", text, field=field, first=FIRST_YEAR, last=LAST_YEAR)
    if due - start > LONGEST:
        raise InvalidInput("goal.period_long", msg("It lasts ten years at most."), field="due")


def checked_number(value: float | None, field: str) -> float:
    """A finite number of bearable size. Raises InvalidInput otherwise."""
    if value is None or not math.isfinite(value):
        raise InvalidInput("key_result.number", msg("Enter a number."), field=field)
    if abs(value) > LARGEST:
        text = msg("This number is too large to be meant. Use another unit.")
        raise InvalidInput("key_result.number_large", text, field=field)
    return float(value)


def checked_weight(weight: float) -> float:
    """A weight above 0. Raises InvalidInput otherwise."""
    if not math.isfinite(weight) or weight <= 0:
        text = msg("A weight is above 0. What shall not count is taken out instead of weighed with nothing.")
        raise InvalidInput("goal.weight", text, field="weight")
    if weight > HEAVIEST:
        raise InvalidInput("goal.weight", msg("A weight is at most %(most)d."), field="weight", most=HEAVIEST)
    return float(weight)


def checked_owner(access: ProductAccess, owner_id: int | None) -> int | None:
    """`owner_id` if that user belongs to the product's organisation. Raises InvalidInput otherwise."""
    if owner_id is None or owner_id == actor_id(access):
        return owner_id
    if owner_id not in member_ids(access.product):
        raise InvalidInput("goal.owner", msg("The owner must be a member of the organisation."), field="owner")
    return owner_id


def lock_open(goal: Goal) -> None:
    """Hold the goal's row until the transaction ends, so that it is not closed under a change of what it holds."""
    status = Goal.objects.select_for_update().values_list("status", flat=True).get(pk=goal.pk)
    if status != Status.OPEN:
        raise Conflict("goal.closed", msg("This goal is closed. Reopen it to change it."))


def facts_of(row: Any) -> dict[str, Any]:
    """What the audit log keeps of it."""
    return {field: getattr(row, field) for field in _FACTS[type(row)]}


def noted(
    access: ProductAccess,
    row: Any,
    act: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Add the act to the audit log, inside the caller's transaction."""
    kind = _KINDS[type(row)]
    name = row.goal.title if isinstance(row, CheckIn) else str(row)
    record(
        access.actor, f"{kind}.{act}", (kind, row.pk, name), product_id=access.product.pk, before=before, after=after
    )

"""What other apps may want to know about goals."""

from dataclasses import dataclass

__all__ = ["CheckedIn", "GoalClosed", "GoalReopened", "GoalStood", "KeyResultStood"]


@dataclass(frozen=True, slots=True)
class GoalClosed:
    """A goal ended as `status`: achieved, partly, missed or dropped."""

    product_id: int
    goal_id: int
    status: str


@dataclass(frozen=True, slots=True)
class KeyResultStood:
    """A reading changed how a key result stands: `before` and `after` are values of `progress.Standing`."""

    product_id: int
    goal_id: int
    key_result_id: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class GoalReopened:
    """A closed goal is open again, for `reason`."""

    product_id: int
    goal_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """Somebody said how a goal is going."""

    product_id: int
    goal_id: int
    check_in_id: int


@dataclass(frozen=True, slots=True)
class GoalStood:
    """A goal as a whole stands otherwise than when it was last looked at."""

    product_id: int
    goal_id: int
    before: str
    after: str

"""What other apps may want to know about goals."""

from dataclasses import dataclass

__all__ = ["GoalClosed", "KeyResultStood"]


@dataclass(frozen=True, slots=True)
class GoalClosed:
    """A goal ended as `status`: achieved, missed or dropped."""

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

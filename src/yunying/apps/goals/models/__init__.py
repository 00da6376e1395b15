"""What a product wants to reach, the key results that say whether it does, and how a team follows them."""

from yunying.apps.goals.models.cycle import Cycle, CycleKind
from yunying.apps.goals.models.driver import Driver, Relation
from yunying.apps.goals.models.following import CalendarFeed, CheckIn, Follower
from yunying.apps.goals.models.forecast import Forecast
from yunying.apps.goals.models.goal import Goal, GoalDay, Level, Rhythm, Status
from yunying.apps.goals.models.key_result import Definition, KeyResult, PastReading, Reading, Shape

__all__ = [
    "CalendarFeed",
    "CheckIn",
    "Cycle",
    "CycleKind",
    "Definition",
    "Driver",
    "Follower",
    "Forecast",
    "Goal",
    "GoalDay",
    "KeyResult",
    "Level",
    "PastReading",
    "Reading",
    "Relation",
    "Rhythm",
    "Shape",
    "Status",
]

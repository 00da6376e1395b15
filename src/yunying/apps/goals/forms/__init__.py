"""Forms of goals; what they let through is checked again by the services."""

from yunying.apps.goals.forms.common import add_problem
from yunying.apps.goals.forms.goals import CheckInForm, CloseForm, GoalForm, MoveForm, ReopenForm
from yunying.apps.goals.forms.key_results import KeyResultForm

__all__ = ["CheckInForm", "CloseForm", "GoalForm", "KeyResultForm", "MoveForm", "ReopenForm", "add_problem"]

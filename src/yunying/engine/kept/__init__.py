"""Kept states: what was worked out of past days for questions that are asked again.

A state is the number of events and the set of persons of one local day, for one event name and filters on it.
Persons are kept under the numbers the events have, and given to their owners when a state is read. The sets that were
read last stay in memory.
"""

from yunying.engine.kept.keeping import Kept, find, forget_unused, note
from yunying.engine.kept.memory import Policy, policy, using
from yunying.engine.kept.sets import Held, held
from yunying.engine.kept.states import State, state_of
from yunying.engine.kept.tables import cells_sql

__all__ = [
    "Held",
    "Kept",
    "Policy",
    "State",
    "cells_sql",
    "find",
    "forget_unused",
    "held",
    "note",
    "policy",
    "state_of",
    "using",
]

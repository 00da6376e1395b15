"""Commands on goals: check → write → audit → facts, in one transaction."""

from yunying.apps.goals.checks import UNSET
from yunying.apps.goals.services.check_ins import add_check_in, delete_check_in
from yunying.apps.goals.services.closing import close_goal, reopen_goal
from yunying.apps.goals.services.cycles import (
    carry_over,
    close_cycle,
    create_cycle,
    delete_cycle,
    reopen_cycle,
    update_cycle,
)
from yunying.apps.goals.services.drivers import add_driver, remove_driver, update_driver
from yunying.apps.goals.services.following import follow, make_feed, revoke_feed, unfollow
from yunying.apps.goals.services.goals import create_goal, delete_goal, move_goal, update_goal
from yunying.apps.goals.services.key_results import add_key_result, remove_key_result, update_key_result

__all__ = [
    "UNSET",
    "add_check_in",
    "add_driver",
    "add_key_result",
    "carry_over",
    "close_cycle",
    "close_goal",
    "create_cycle",
    "create_goal",
    "delete_check_in",
    "delete_cycle",
    "delete_goal",
    "follow",
    "make_feed",
    "move_goal",
    "remove_driver",
    "remove_key_result",
    "reopen_cycle",
    "reopen_goal",
    "revoke_feed",
    "unfollow",
    "update_cycle",
    "update_driver",
    "update_goal",
    "update_key_result",
]

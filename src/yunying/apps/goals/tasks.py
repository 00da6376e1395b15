"""Background work on goals: readings on time, and a word to the owner when a key result turns."""

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.facts import KeyResultStood
from yunying.apps.goals.models import KeyResult, Status
from yunying.apps.goals.progress import Standing
from yunying.apps.goals.readings import due_for_reading, try_to_read
from yunying.apps.goals.standing import today_in
from yunying.platform.jobs import schedule
from yunying.platform.jobs.facts import subscriber
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify

__all__ = ["read_due_key_results", "tell_owner"]

KIND = register("goal.turned", _("A key result of my goals is reached, off track or missed."))

# Turns worth a notification; the others are seen on the pages.
TOLD = {
    Standing.REACHED: _("Key result reached: {name}"),
    Standing.OFF_TRACK: _("Key result off track: {name}"),
    Standing.MISSED: _("Key result missed: {name}"),
}


@schedule("7 * * * *", label=_("Read key results"))
def read_due_key_results() -> None:
    """Every hour: read all key results of open goals that were not read within the hour.

    It looks for what needs a reading instead of being told, so a lost run is made up for by the next one.
    """
    rows = KeyResult.objects.select_related("goal__product", "metric").in_bulk(due_for_reading())
    for key_result in rows.values():
        try_to_read(key_result)


@subscriber(KeyResultStood)
def tell_owner(fact: KeyResultStood) -> None:
    """Tell the goal's owner about a turn that matters, once a day at most for the same one."""
    key_result = KeyResult.objects.select_related("goal__product", "metric").filter(pk=fact.key_result_id).first()
    title = TOLD.get(Standing(fact.after))
    if key_result is None or title is None:
        return
    goal = key_result.goal
    owner_id = goal.owner_id
    if owner_id is None or goal.status != Status.OPEN:
        return
    day = today_in(goal.product.timezone).isoformat()
    notify(
        user_ids=[owner_id],
        title=format_lazy(title, name=key_result.shown_name),
        text=goal.title,
        url=reverse("goals:detail", kwargs={"product": goal.product.slug, "goal_id": goal.pk}),
        kind=KIND,
        product_id=goal.product_id,
        key=f"goal.turned:{key_result.pk}:{fact.after}:{day}",
    )

"""Background work of privacy: erasing persons, keeping events for their time, writing what is gone out of the files."""

import logging

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.models import Erasure
from yunying.apps.tracking.privacy.erasing import due_for_sweep, erase, sweep
from yunying.apps.tracking.privacy.retention import apply_rules
from yunying.platform.jobs import enqueue, job, schedule
from yunying.platform.notify.services import notify

__all__ = ["erase_person", "forget_at_night", "sweep_files"]

log = logging.getLogger("yunying.privacy")


@job(queue="heavy", label=_("Erase a person"))
def erase_person(erasure_id: int) -> None:
    """Take one person out of both stores; the sweep at night writes them out of the files."""
    erasure = Erasure.objects.filter(pk=erasure_id, swept_at=None).first()
    if erasure is not None:
        erase(erasure)


@schedule("25 2 * * *", queue="heavy", label=_("Forget what is past its time"))
def forget_at_night() -> None:
    """Every night: events past their time go, then the files are written anew if anything in them is to go."""
    gone = apply_rules()
    if gone:
        log.info("%s events past their time were removed", gone)
    if gone or due_for_sweep():
        enqueue(sweep_files, key="sweep")


@job(queue="heavy", label=_("Write erased data out of the files"))
def sweep_files() -> None:
    """Write hidden rows out of the files, complete the proofs, and tell whoever asked."""
    waiting = due_for_sweep()
    sweep(waiting)
    for erasure in Erasure.objects.filter(pk__in=[one.pk for one in waiting]).exclude(swept_at=None):
        notify(
            user_ids=[erasure.requested_by_id] if erasure.requested_by_id else [],
            title=format_lazy(_("Erasure {number} is complete"), number=erasure.pk),
            text=_("Nothing of the person is left in either store. Earlier backups still hold it."),
            key=f"erasure.done:{erasure.pk}",
        )

"""Background work on cohorts: sizes are counted hourly, and the days that are missing are made up for."""

import logging

from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.sizes import count, due, fill
from yunying.base.errors import YunyingError
from yunying.platform.jobs import job, schedule

__all__ = ["count_cohorts", "fill_cohort"]

log = logging.getLogger(__name__)


@schedule("7 * * * *", label=_("Count cohorts"))
def count_cohorts() -> None:
    """Every hour: count all cohorts that were not counted within it, and the days before that have no size."""
    for cohort in Cohort.objects.select_related("product").in_bulk(due()).values():
        count(cohort)
        if not cohort.problem:
            _fill(cohort)


@job(label=_("Look back at a cohort"))
def fill_cohort(cohort_id: int) -> None:
    """The sizes of the days before the cohort was made or changed."""
    cohort = Cohort.objects.select_related("product").filter(pk=cohort_id).first()
    if cohort is not None:
        _fill(cohort)


def _fill(cohort: Cohort) -> None:
    try:
        fill(cohort)
    except YunyingError as error:
        # The next hour tries again; what is wrong with the cohort itself is noted by the count.
        log.warning("cohort %s could not be looked back at: %s", cohort.pk, error.code)

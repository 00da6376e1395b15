"""What a key result will probably be when its time is over, as it was told each day."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.models.key_result import KeyResult
from yunying.base import clock


class Method(models.TextChoices):
    RUN_RATE = "run_rate", pgettext_lazy("forecast", "Run rate by weekday")
    SEASONAL_NAIVE = "seasonal_naive", pgettext_lazy("forecast", "Last week again")
    PROPHET = "prophet", pgettext_lazy("forecast", "Trend, seasons and working days (Prophet)")


class Doubt(models.TextChoices):
    """Why a forecast has no probability, or why there is none at all. Not the field's choices: words may change."""

    SHORT_HISTORY = "short_history", _("There are less than eight weeks of data, so only the run rate is told.")
    NOT_ADDITIVE = (
        "not_additive",
        _("Different people do not add up from day to day, so only the run rate of the latest weeks is told."),
    )
    FEW_ORIGINS = (
        "few_origins",
        _("There are too few earlier stretches of the same length to test the forecast on, so no probability is told."),
    )
    DOES_NOT_COVER = (
        "does_not_cover",
        _("Tested on the past, the interval would not have held often enough, so no probability is told."),
    )
    NO_SPREAD = (
        "no_spread",
        _("The past shows no variation that could tell how far a forecast may be off, so no probability is told."),
    )
    NO_DATA = "no_data", _("There are no data to go by.")
    QUIET = "quiet", _("No events came lately, so nothing can be said about the days to come.")


class Forecast(models.Model):
    """A forecast made on day `on` for the key result's due day; values are in the metric's unit.

    `value` with `low` to `high` at probability `level`; `probability` that the key result is reached (the limits
    are kept by the last reading), 1 or 0 where nothing to come can change it. `path` is how the value comes about:
    [[day, value, low, high]], the value as it will be read at the end of each day; only the newest forecast keeps it.
    `naive` and `run_rate` are the plain answers beside it. `so_far` is what is known
    of the window, `days_left` what is predicted. `tests` is the back-test: [{method, windows, error, bias}],
    `coverage` the share of `checks` windows that held. `unofficial` are years in it whose working days are not
    published.
    """

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="forecasts")
    on = models.DateField()
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    level = models.FloatField(null=True)
    probability = models.FloatField(null=True)
    naive = models.FloatField(null=True)
    run_rate = models.FloatField(null=True)
    so_far = models.FloatField(null=True)
    days_left = models.PositiveIntegerField(default=0)
    method = models.CharField(max_length=16, blank=True)
    doubt = models.CharField(max_length=16, blank=True)
    additive = models.BooleanField(default=False)
    tests = models.JSONField(default=list)
    path = models.JSONField(default=list)
    coverage = models.FloatField(null=True)
    checks = models.PositiveIntegerField(default=0)
    unofficial = models.JSONField(default=list)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["key_result", "on"], name="goals_forecast_once_a_day")]

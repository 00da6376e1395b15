"""The jobs of this installation as people see them. DBOS runs them and remembers their finished steps."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from yunying.base import clock


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    DISCARDED = "discarded", _("Discarded")


class Job(models.Model):
    """One piece of work, written in the transaction that wants it: that row is the outbox.

    `attempt` counts tries from 1, `starts` how often this try was begun (a crash begins it anew); together they
    fence off a worker that was given up and comes back. `resume_step` is the first step that is not finished.
    """

    uid = models.UUIDField(default=uuid4, unique=True, editable=False)
    name = models.CharField(_("Job"), max_length=200, editable=False)
    queue = models.CharField(_("Queue"), max_length=20, editable=False)
    arguments = models.JSONField(default=dict, editable=False)
    key = models.CharField(max_length=200, blank=True, editable=False)
    state = models.CharField(_("State"), max_length=10, choices=State, default=State.WAITING, editable=False)
    attempt = models.PositiveIntegerField(_("Try"), default=1, editable=False)
    starts = models.PositiveIntegerField(default=0, editable=False)
    due_at = models.DateTimeField(_("Due"), default=clock.now, editable=False)
    wanted_at = models.DateTimeField(default=clock.now, editable=False)
    handed_at = models.DateTimeField(null=True, editable=False)
    worker = models.CharField(max_length=64, blank=True, editable=False)
    cancel_requested = models.BooleanField(default=False, editable=False)
    done_units = models.PositiveBigIntegerField(default=0, editable=False)
    total_units = models.PositiveBigIntegerField(null=True, editable=False)
    error = models.JSONField(_("Error"), default=dict, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key"], condition=Q(state="waiting") & ~Q(key=""), name="jobs_one_waiting_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting", handed_at=None), name="jobs_to_hand"),
            models.Index(fields=["state", "-id"], name="jobs_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def workflow_id(self) -> str:
        """What DBOS calls this try."""
        return self.try_id(self.attempt)

    def try_id(self, attempt: int) -> str:
        """What DBOS calls try `attempt`."""
        return f"{self.uid}.{attempt}"


class Schedule(models.Model):
    """When a job that recurs is due next; the row is what makes two workers fire it once."""

    name = models.CharField(_("Job"), max_length=200, unique=True, editable=False)
    cron = models.CharField(_("Schedule"), max_length=100, editable=False)
    next_at = models.DateTimeField(_("Next run"), editable=False)
    last_at = models.DateTimeField(_("Last run"), null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.name} {self.cron}"


class Worker(models.Model):
    """A process that runs jobs, and when it last said that it lives."""

    executor = models.CharField(max_length=64, unique=True, editable=False)
    host = models.CharField(_("Host"), max_length=100, editable=False)
    pid = models.PositiveIntegerField(editable=False)
    started_at = models.DateTimeField(default=clock.now, editable=False)
    beat_at = models.DateTimeField(_("Last sign of life"), editable=False)
    taken_over_by = models.CharField(max_length=64, blank=True, editable=False)

    def __str__(self) -> str:
        return self.executor

"""The memory of imports: what was chosen, how far one came, so that it goes on after a crash and is not done twice."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from yunying.base import clock


class ImportStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Done")
    TAKING_BACK = "taking_back", _("Being taken back")
    TAKEN_BACK = "taken_back", _("Taken back")


class CheckState(models.TextChoices):
    """How far the dry run is."""

    NONE = "none", _("Not checked")
    RUNNING = "running", _("Checking")
    DONE = "done", _("Checked")
    STOPPED = "stopped", _("Stopped")


class Place(models.TextChoices):
    COMMAND = "command", _("Command line")
    UPLOAD = "upload", _("Upload")
    FOLDER = "folder", _("Folder on the server")


class ImportRun(models.Model):
    """One file with one mapping into one product, from the choice of columns to the summary.

    `fingerprint` is the SHA-256 of the file, `mapping` that of the mapping `document`, which a draft has not; the file
    of a folder on the server has neither before it was read. `rows_read` rows are done except those in `carry`, whose
    group was still open; `looked_at` is the piece whose events were looked for in the store already. `stored` is where
    the file lies below the folder of uploads or the product's import folder; empty when there is none (any more).
    `events` were added, `repeated` were there before.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    source = models.CharField(_("Source"), max_length=200)
    file_name = models.CharField(_("File"), max_length=255)
    place = models.CharField(_("From"), max_length=10, choices=Place, default=Place.COMMAND, editable=False)
    stored = models.CharField(max_length=500, blank=True, editable=False)
    size_bytes = models.PositiveBigIntegerField(_("Size"), default=0, editable=False)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    plan = models.JSONField(null=True, editable=False)
    document = models.JSONField(null=True, editable=False)
    mapping = models.CharField(max_length=64, blank=True, editable=False)
    status = models.CharField(_("Status"), max_length=12, choices=ImportStatus, default=ImportStatus.RUNNING)
    job_id = models.BigIntegerField(null=True, editable=False)
    check_state = models.CharField(max_length=10, choices=CheckState, default=CheckState.NONE, editable=False)
    check_job_id = models.BigIntegerField(null=True, editable=False)
    check_report = models.JSONField(null=True, editable=False)
    max_errors = models.PositiveIntegerField(default=10_000)
    fraction = models.FloatField(default=0, editable=False)
    rows_read = models.PositiveBigIntegerField(_("Rows"), default=0)
    carry = models.BinaryField(null=True, editable=False)
    looked_at = models.CharField(max_length=50, blank=True, editable=False)
    events = models.PositiveBigIntegerField(_("Events"), default=0)
    repeated = models.PositiveBigIntegerField(_("Already there"), default=0)
    errors = models.PositiveIntegerField(_("Rows at fault"), default=0)
    errors_file = models.CharField(max_length=255, blank=True, editable=False)
    errors_bytes = models.PositiveBigIntegerField(default=0, editable=False)
    outcome = models.JSONField(default=dict, editable=False)
    problem = models.JSONField(default=dict, editable=False)
    started_by = models.CharField(_("By"), max_length=200, blank=True, editable=False)
    started_at = models.DateTimeField(_("Started"), default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "fingerprint", "mapping"],
                condition=~Q(mapping="") & ~Q(status="taken_back"),
                name="tracking_import_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.product_id}"

    @property
    def names(self) -> list[tuple[str, int]]:
        """Events that were added, by name, the most frequent first."""
        counts: dict[str, Any] = self.outcome.get("names", {})
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


class ImportMapping(models.Model):
    """Choices for a file that were kept under a name; `columns` says for which files they are offered."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=100)
    columns = models.CharField(max_length=64, editable=False)
    plan = models.JSONField(editable=False)
    saved_by = models.CharField(_("Saved by"), max_length=200, blank=True, editable=False)
    saved_at = models.DateTimeField(_("Saved"), default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="tracking_mapping_name_once")]

    def __str__(self) -> str:
        return self.name

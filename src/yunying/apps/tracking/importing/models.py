"""The memory of an import: how far it came, so that it can go on after a crash and is not done twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from yunying.base import clock


class ImportStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Done")


class ImportRun(models.Model):
    """One file with one mapping into one product.

    `fingerprint` is the SHA-256 of the file, `mapping` that of the mapping. `rows_read` rows are done except those in
    `carry`, whose group was still open.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    source = models.CharField(_("Source"), max_length=200)
    file_name = models.CharField(_("File"), max_length=255)
    fingerprint = models.CharField(max_length=64, editable=False)
    mapping = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("Status"), max_length=10, choices=ImportStatus, default=ImportStatus.RUNNING)
    rows_read = models.PositiveBigIntegerField(_("Rows"), default=0)
    carry = models.BinaryField(null=True, editable=False)
    events = models.PositiveBigIntegerField(_("Events"), default=0)
    errors = models.PositiveIntegerField(_("Rows at fault"), default=0)
    errors_file = models.CharField(max_length=255, blank=True, editable=False)
    started_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "fingerprint", "mapping"], name="tracking_import_once")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.product_id}"

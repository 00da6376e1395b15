"""Housekeeping that recurs."""

from django.utils.translation import gettext_lazy as _

from yunying.platform.audit.services import seal
from yunying.platform.jobs.registry import schedule

__all__ = ["seal_audit_log"]


@schedule("*/5 * * * *", label=_("Seal the audit log"))
def seal_audit_log() -> None:
    """Chain the audit entries written since the last run."""
    while seal():
        pass

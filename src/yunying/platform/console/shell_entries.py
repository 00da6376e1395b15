"""What the command palette knows of the pages of the installation."""

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from yunying.platform.console.audit_pages import scope_of
from yunying.platform.products.http import user_of
from yunying.platform.ui.shell import PaletteEntry

__all__ = ["administration"]


def administration(request: HttpRequest, product: str | None, query: str) -> Iterable[PaletteEntry]:
    """The person's notifications; the audit log and the jobs for those who may see them."""
    if not request.user.is_authenticated:
        return []
    entries = [PaletteEntry(_("Notifications"), reverse("console:notifications"), _("Your account"), "bell")]
    user, group = user_of(request), _("Administration")
    if not scope_of(user).empty:
        entries.append(PaletteEntry(_("Audit log"), reverse("console:audit"), group, "history"))
    if user.administers:
        entries.append(PaletteEntry(_("Background jobs"), reverse("console:jobs"), group, "refresh"))
        entries.append(PaletteEntry(_("Collector"), reverse("collector:show"), group, "plug-connected"))
    return [entry for entry in entries if query.casefold() in entry.label.casefold()]

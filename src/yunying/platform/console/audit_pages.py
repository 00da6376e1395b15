"""The audit log: who changed what, from where. Owners see their organisations, superusers everything."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from yunying.base.errors import NotFound, msg
from yunying.platform.accounts.models import User
from yunying.platform.audit.models import Entry
from yunying.platform.audit.selectors import EntryFilter, Scope, entries, kinds, people, verbs
from yunying.platform.console.audit_words import field_label, kind_label, value_text, verb_label
from yunying.platform.products.http import user_of
from yunying.platform.products.models import Product
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["scope_of", "urlpatterns"]


def scope_of(user: User) -> Scope:
    """What of the audit log this user may read: all of the organisations they own, superusers everything."""
    if user.is_superuser:
        return Scope(everything=True)
    owned = frozenset(user.memberships.filter(role="owner").values_list("organisation_id", flat=True))
    products = Product.objects.filter(organisation__in=owned).values_list("pk", flat=True)
    return Scope(frozenset(products), owned)


@login_required
def show(request: HttpRequest) -> HttpResponse:
    scope = scope_of(user_of(request))
    if scope.empty:
        raise NotFound("page.absent", msg("There is no such page, or you have no access to it."))
    since, until = _day(request, "since"), _day(request, "until")
    wanted = EntryFilter(since=_start(since), until=_start(until, days=1))
    context = {
        "table": _table(request, scope, entries(scope, wanted)),
        "since": since,
        "until": until,
        "kept": [(name, value) for name, value in request.GET.items() if name not in ("since", "until", "page")],
        "tab": "audit",
        "help_page": "audit-log",
    }
    return render(request, "console/audit.html", context)


def _day(request: HttpRequest, name: str) -> dt.date | None:
    try:
        return parse_date(request.GET.get(name, ""))
    except ValueError:
        return None


def _start(day: dt.date | None, days: int = 0) -> dt.datetime | None:
    if day is None or day == dt.date.max:
        return None
    start = dt.datetime.combine(day + dt.timedelta(days=days), dt.time(), timezone.get_current_timezone())
    return start.astimezone(dt.UTC)


def _table(request: HttpRequest, scope: Scope, rows: QuerySet[Entry]) -> Table:
    names = dict(Product.objects.values_list("pk", "name"))
    columns = [
        Column("at", _("When"), kind="when", sort=True, fixed=True),
        Column("actor_name", _("Who"), sort=True, search=True),
        Column("verb", _("What"), value=lambda entry: verb_label(entry.verb), sort=True),
        Column("target_name", _("On which"), value=_target, search=True),
        Column(
            "changes",
            _("Before → after"),
            value=lambda entry: Changes(entry.changes()),
            template="console/_audit_changes.html",
            wide=True,
        ),
        Column("ip", _("From where"), search=True),
        Column("product", _("Product"), value=_product_name(names), hidden=scope.everything),
        Column("user_agent", _("With which program"), hidden=True),
        Column("place", _("Seal number"), kind="number", hidden=True),
    ]
    products = [(str(pk), name) for pk, name in sorted(names.items(), key=lambda one: one[1]) if _sees(scope, pk)]
    filters = [
        Filter("product", _("Product"), products, "product_id"),
        Filter("who", _("Who"), [(str(pk), name) for pk, name in people(scope)], "actor_id"),
        Filter("verb", _("What"), [(verb, verb_label(verb)) for verb in verbs(scope)], "verb"),
        Filter("kind", _("Kind of thing"), [(kind, kind_label(kind)) for kind in kinds(scope)], "target_kind"),
    ]
    empty = Empty(_("Nothing was changed yet"), _("Every change by people, API keys and the program appears here."))
    return Table(
        columns=columns,
        rows=rows,
        request=request,
        name="audit",
        filters=filters,
        sort="-at",
        empty=empty,
        caption=_("Audit log"),
        page_size=50,
        stacked=True,
    )


def _sees(scope: Scope, product: int) -> bool:
    return scope.everything or product in scope.products


def _product_name(names: dict[int, str]) -> Callable[[Entry], str]:
    return lambda entry: names.get(entry.product_id, "") if entry.product_id else ""


def _target(entry: Entry) -> str:
    return f"{kind_label(entry.target_kind)} {entry.target_name or entry.target_id}"


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of an entry; as text, for the export, one per line."""

    rows: list[tuple[str, object, object]]

    @property
    def named(self) -> list[tuple[str, str, str]]:
        """The rows with the fields and values as people call them; rows without a value on either side left out."""
        said = ((field_label(field), value_text(old), value_text(new)) for field, old, new in self.rows)
        return [(name, old, new) for name, old, new in said if old or new]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {_side(old)} → {_side(new)}" for name, old, new in self.rows)


def _side(value: object) -> str:
    return "–" if value is None or value == "" else str(value)


urlpatterns = [path("audit/", show, name="audit")]

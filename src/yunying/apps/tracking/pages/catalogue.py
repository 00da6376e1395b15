"""The lists of the catalogue: which events and properties come in, how much of them, and one change for many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.tracking import selectors, services
from yunying.apps.tracking.catalogue.sheet import what_is_odd
from yunying.apps.tracking.forms import BulkForm
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, PropertyOf, State
from yunying.apps.tracking.tasks import count_properties
from yunying.base.errors import YunyingError
from yunying.platform.jobs import enqueue
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.charts import NumberCard
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

HELP = "catalogue"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the lists show it; `days` are its events of the last 30 days, not known of people and accounts."""

    entry: Any
    product: str
    title: str
    pickable: bool = False
    days: tuple[int, ...] | None = None

    @property
    def url(self) -> str:
        """Made when it is asked for: lists are long, and a page of them is short."""
        page = "event" if isinstance(self.entry, EventDefinition) else "property"
        return reverse(f"tracking:{page}", kwargs={"product": self.product, "definition": self.entry.pk})

    @property
    def week(self) -> int | None:
        return None if self.days is None else sum(self.days[-7:])

    @property
    def month(self) -> int | None:
        return None if self.days is None else sum(self.days)

    @property
    def path(self) -> str:
        """The small line, as SVG path data in a box of 120 by 32."""
        return NumberCard("", None, trend=self.days).path if self.days else ""

    @property
    def odd(self) -> str:
        return what_is_odd(self.entry, self.week)

    @property
    def marks(self) -> list[str]:
        return marks_of(self.entry)


def marks_of(entry: EventDefinition) -> list[str]:
    """What an event means to the business, in words."""
    found = [pgettext("mark of an event", "Order")] if entry.is_order else []
    found += [pgettext("mark of an event", "Sign-up")] if entry.is_sign_up else []
    return found + ([pgettext("mark of an event", "Revenue")] if entry.revenue_property else [])


@require_http_methods(["GET", "POST"])
@product_view()
def events(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All event names with volumes and when they were seen."""
    return _list(request, access, _events(request, access), "events")


@require_http_methods(["GET", "POST"])
@product_view()
def properties(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All properties of events, people and accounts."""
    return _list(request, access, _properties(request, access), "properties")


def _list(request: HttpRequest, access: ProductAccess, table: Table, tab: str) -> HttpResponse:
    form = BulkForm(request.POST or None, access=access, events=tab == "events")
    if request.method == "POST":
        access.require(Permission.MANAGE_DATA)
        if form.is_valid() and _changed(request, access, form, table):
            return redirect(request.get_full_path())
    context = {
        "table": table,
        "tab": tab,
        "form": form,
        "may_edit": access.may(Permission.MANAGE_DATA),
        "help_page": HELP,
    }
    return render(request, "tracking/catalogue.html", context, status=422 if form.errors else 200)


def _changed(request: HttpRequest, access: ProductAccess, form: BulkForm, table: Table) -> bool:
    picked = set(request.POST.getlist("pick"))
    rows: Sequence[Row] = list(table.found)
    chosen = rows if form.cleaned_data["everything"] else [row for row in rows if str(row.entry.pk) in picked]
    if not chosen:
        form.add_error(None, _("Tick the entries to change, or choose all that are found."))
        return False
    try:
        count = services.describe(access=access, entries=[row.entry for row in chosen], words=form.words)
    except YunyingError as error:
        form.add_error(error.field if error.field in form.fields else None, problem_of(error).detail)
        return False
    text = ngettext("%(count)d entry was changed.", "%(count)d entries were changed.", count)
    messages.success(request, text % {"count": count})
    return True


def _shown(request: HttpRequest, rows: Any) -> Any:
    """Without the hidden ones, unless the filter asks for them."""
    asked = request.GET.get("hidden", "")
    return rows if asked == "all" else rows.filter(hidden=asked == "yes")


def _hidden_filter() -> Filter:
    # Applied to the rows before they become a list.
    choices = (("yes", _("Only hidden ones")), ("all", _("Hidden ones too")))
    return Filter("hidden", _("In suggestions"), choices, lambda rows, _value: rows)


def _by(name: str, label: Any, values: Sequence[tuple[str, Any]], of: Callable[[Row], Any]) -> Filter:
    def apply(rows: list[Row], value: str) -> list[Row]:
        return [row for row in rows if str(of(row)) == value]

    return Filter(name, label, values, apply)


def _shared_filters(rows: Sequence[Row]) -> list[Filter]:
    categories = sorted({row.entry.category for row in rows if row.entry.category})
    owners = sorted({(row.entry.owner.shown_name, row.entry.owner_id) for row in rows if row.entry.owner})
    found = [_hidden_filter()]
    if categories:
        choices = [(name, name) for name in categories]
        found.append(_by("category", _("Category or page"), choices, lambda row: row.entry.category))
    if owners:
        people = [(str(pk), name) for name, pk in owners]
        found.append(_by("owner", pgettext("of an entry", "Owner"), people, lambda row: row.entry.owner_id))
    return found


def _any(rows: Sequence[Row], field: str) -> bool:
    """Whether anybody filled the field in; a column without a word only takes place."""
    return any(getattr(row.entry, field) for row in rows)


def _renamed(rows: Sequence[Row]) -> bool:
    return any(row.title != row.entry.name for row in rows)


def _mark(rows: list[Row], value: str) -> list[Row]:
    field = {"order": "is_order", "sign_up": "is_sign_up", "revenue": "revenue_property"}[value]
    return [row for row in rows if getattr(row.entry, field)]


def _events(request: HttpRequest, access: ProductAccess) -> Table:
    days, may = selectors.daily_volumes(access.product), access.may(Permission.MANAGE_DATA)
    found = _shown(request, selectors.event_definitions(access.product.pk)).prefetch_related("owner")
    none, slug, language = (0,) * selectors.DAYS, access.product.slug, get_language() or "en"
    rows = [Row(one, slug, one.title(language), may, days.get(one.name, none) if one.volume else None) for one in found]
    marks = (
        ("order", pgettext("mark of an event", "Order")),
        ("sign_up", pgettext("mark of an event", "Sign-up")),
        ("revenue", pgettext("mark of an event", "Revenue")),
    )
    odd = Filter("odd", _("What is odd"), (("yes", _("Something")),), lambda rows, _v: [r for r in rows if r.odd])
    return Table(
        columns=[
            Column("name", _("Event"), "entry.name", True, True, template="tracking/_catalogue_name.html", fixed=True),
            Column("title", _("Shown as"), search=True, sort=True, hidden=not _renamed(rows)),
            Column("marks", _("Marks"), value=lambda row: ", ".join(row.marks)),
            Column("odd", _("What is odd"), sort=True),
            Column("category", _("Category or page"), "entry.category", True, True, hidden=not _any(rows, "category")),
            Column("volume", pgettext("measure", "Events"), "entry.volume", True, kind="number"),
            Column("week", _("Last 7 days"), sort=True, kind="number"),
            Column("month", _("Last 30 days"), sort=True, kind="number"),
            Column("line", _("30 days"), "path", template="tracking/_catalogue_line.html", export=False),
            Column("first_seen", _("First seen"), "entry.first_seen", True, kind="when", hidden=True),
            Column("last_seen", _("Last seen"), "entry.last_seen", True, kind="ago"),
            Column(
                "owner",
                pgettext("of an entry", "Owner"),
                "entry.owner.shown_name",
                True,
                True,
                hidden=not _any(rows, "owner_id"),
            ),
            Column("state", _("State"), "entry.get_state_display", True, hidden=not _any(rows, "state")),
            Column("title_en", _("English name"), "entry.title_en", search=True, hidden=True),
            Column("title_zh", _("Chinese name"), "entry.title_zh", search=True, hidden=True),
            Column("description", _("Description"), "entry.description", search=True, hidden=True, wide=True),
        ],
        rows=rows,
        request=request,
        name="events",
        sort="-volume",
        filters=[
            Filter("mark", _("Marks"), marks, _mark),
            *_shared_filters(rows),
            _by("state", _("State"), State.choices, lambda row: row.entry.state),
            odd,
        ],
        caption=_("Events"),
        empty=_empty(access),
    )


def _properties(request: HttpRequest, access: ProductAccess) -> Table:
    found = _shown(request, selectors.property_definitions(access.product.pk)).prefetch_related("owner")
    may = access.may(Permission.MANAGE_DATA)
    rows = property_rows(access, list(found), pickable=may)
    sides = [(of.value, of.label) for of in PropertyOf]
    odd = Filter("odd", _("What is odd"), (("yes", _("Something")),), lambda rows, _v: [r for r in rows if r.odd])
    return Table(
        columns=property_columns(rows),
        rows=rows,
        request=request,
        name="properties",
        sort="-volume",
        filters=[_by("of", _("Of"), sides, lambda row: row.entry.of), *_shared_filters(rows), odd],
        caption=_("Properties"),
        empty=_empty(access),
    )


def property_rows(access: ProductAccess, found: Sequence[PropertyDefinition], *, pickable: bool = False) -> list[Row]:
    """Properties as rows of a list; `pickable` ones can be ticked."""
    volumes = _volumes(access)
    none, slug, language = (0,) * selectors.DAYS, access.product.slug, get_language() or "en"

    def days(one: PropertyDefinition) -> tuple[int, ...] | None:
        unknown = volumes is None or one.of != PropertyOf.EVENT or not one.volume
        return None if volumes is None or unknown else volumes.get(one.name, none)

    return [Row(one, slug, one.title(language), pickable, days(one)) for one in found]


def _volumes(access: ProductAccess) -> Mapping[str, tuple[int, ...]] | None:
    """Of very large products they are counted in the background first."""
    found = selectors.property_volumes(access.product)
    if found is None:
        enqueue(count_properties, key=str(access.product.pk), product_id=access.product.pk)
    return found


def property_columns(rows: Sequence[Row]) -> list[Column]:
    """What lists of properties show; columns that nobody filled in wait until they are chosen."""
    name = "tracking/_catalogue_name.html"
    return [
        Column("name", _("Property"), "entry.name", True, True, template=name, fixed=True),
        Column("title", _("Shown as"), search=True, sort=True, hidden=not _renamed(rows)),
        Column("type", _("Type"), value=lambda row: row.entry.guess and row.entry.guess[0].label, sort=True),
        Column(
            "confidence",
            _("Sure"),
            value=lambda row: row.entry.guess and row.entry.guess[1],
            kind="percent",
            hidden=all(row.entry.guess is None or row.entry.guess[1] == 1 for row in rows),
        ),
        Column("of", _("Of"), "entry.get_of_display", True),
        Column("category", _("Category or page"), "entry.category", True, True, hidden=True),
        Column("volume", _("Times seen"), "entry.volume", True, kind="number"),
        Column("week", _("Last 7 days"), sort=True, kind="number"),
        Column("month", _("Last 30 days"), sort=True, kind="number"),
        Column("line", _("30 days"), "path", template="tracking/_catalogue_line.html", export=False),
        Column("first_seen", _("First seen"), "entry.first_seen", True, kind="when", hidden=True),
        Column("last_seen", _("Last seen"), "entry.last_seen", True, kind="ago"),
        Column(
            "owner",
            pgettext("of an entry", "Owner"),
            "entry.owner.shown_name",
            True,
            True,
            hidden=not _any(rows, "owner_id"),
        ),
        Column("odd", _("What is odd"), sort=True, hidden=not any(row.odd for row in rows)),
        Column("title_en", _("English name"), "entry.title_en", search=True, hidden=True),
        Column("title_zh", _("Chinese name"), "entry.title_zh", search=True, hidden=True),
        Column("description", _("Description"), "entry.description", search=True, hidden=True, wide=True),
    ]


def _empty(access: ProductAccess) -> Empty:
    return Empty(
        _("The catalogue fills itself"),
        _("Send events, and their names and properties are listed here. Or import the sheet of what is planned."),
        reverse("tracking:setup", kwargs={"product": access.product.slug}),
        _("Connect"),
        icon="book",
    )

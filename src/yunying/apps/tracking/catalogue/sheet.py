"""The catalogue as a sheet, one line for each property of each event, as operators keep it: out and in again.

Reading a sheet changes nothing by itself: it gives a plan, and `apply_plan` carries it out. An empty cell changes
nothing. Columns that say what was seen are written, never read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext_lazy

from yunying.apps.tracking.catalogue.reads import daily_volumes, examples
from yunying.apps.tracking.catalogue.volumes import property_volumes
from yunying.apps.tracking.models import (
    Definition,
    EventDefinition,
    EventProperty,
    PropertyDefinition,
    PropertyOf,
    State,
)
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats

__all__ = ["COLUMNS", "SheetColumn", "column_of", "sheet_heads", "sheet_length", "sheet_rows", "what_is_odd"]

# A property is of mixed types when fewer of its sampled values than this are of the most frequent one.
_SURE = 0.95
_WITH_VALUES = 200


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """`of` tells whether it is about the event or the property of the line; `word` is the field it fills when read.

    `also` are heads that mean the same in sheets teams keep already.
    """

    key: str
    label: str | Promise
    of: str
    word: str = ""
    also: tuple[str, ...] = ()


COLUMNS: tuple[SheetColumn, ...] = (
    SheetColumn("event", gettext_lazy("Event"), "event", also=("事件英文名", "事件名", "事件", "event name", "event")),
    SheetColumn("title_zh", gettext_lazy("Chinese name"), "event", "title_zh", ("中文名", "事件中文名")),
    SheetColumn("title_en", gettext_lazy("English name"), "event", "title_en", ("英文显示名",)),
    SheetColumn("category", gettext_lazy("Category or page"), "event", "category", ("分类/页面", "分类", "页面")),
    SheetColumn("description", gettext_lazy("Description"), "event", "description", ("说明", "事件说明", "描述")),
    SheetColumn("trigger", gettext_lazy("When it is sent"), "event", "trigger", ("触发时机",)),
    SheetColumn("platforms", gettext_lazy("Platforms"), "event", "platforms", ("端", "平台")),
    SheetColumn("is_order", gettext_lazy("This is an order"), "event", "is_order", ("订单",)),
    SheetColumn("is_sign_up", gettext_lazy("This is a sign-up"), "event", "is_sign_up", ("注册",)),
    SheetColumn("revenue", gettext_lazy("Property with the revenue"), "event", "revenue_property", ("收入属性",)),
    SheetColumn("currency", gettext_lazy("Currency of the revenue"), "event", "revenue_currency", ("币种",)),
    SheetColumn("priority", gettext_lazy("Priority"), "event", "priority", ("优先级",)),
    SheetColumn("version", gettext_lazy("Since version"), "event", "version", ("版本",)),
    SheetColumn("owner", pgettext_lazy("of an entry", "Owner"), "event", "owner_id", ("负责人", "产品负责人")),
    SheetColumn("state", gettext_lazy("State"), "event", "state", ("状态",)),
    SheetColumn("hidden", gettext_lazy("Hidden in suggestions"), "event", "hidden", ("隐藏",)),
    SheetColumn("property_of", gettext_lazy("Property of"), "property", also=("属性归属",)),
    SheetColumn("property", gettext_lazy("Property"), "property", also=("属性名", "property name")),
    SheetColumn("property_zh", gettext_lazy("Chinese name of the property"), "property", "title_zh", ("属性中文",)),
    SheetColumn("property_en", gettext_lazy("English name of the property"), "property", "title_en", ("属性英文",)),
    SheetColumn("property_about", gettext_lazy("About the property"), "property", "description", ("属性说明",)),
    SheetColumn("type", gettext_lazy("Type"), "property", also=("类型",)),
    SheetColumn("allowed", gettext_lazy("Allowed values"), "property", "allowed", ("枚举", "枚举值")),
    SheetColumn("required", gettext_lazy("Required"), "property", "required", ("必填",)),
    SheetColumn("example", gettext_lazy("Example"), "property", "example", ("示例",)),
    SheetColumn("seen", gettext_lazy("A value that was seen"), "property"),
    SheetColumn("first_seen", gettext_lazy("First seen"), "event", also=("首次上报",)),
    SheetColumn("week", gettext_lazy("Events of the last 7 days"), "event", also=("近 7 日量", "近7日量")),
    SheetColumn("property_week", gettext_lazy("Events of the last 7 days with the property"), "property"),
    SheetColumn("odd", gettext_lazy("What is odd"), "event", also=("异常",)),
)


# Where the value that was seen stands; the name of the event stands first.
_SEEN = next(place for place, column in enumerate(COLUMNS) if column.key == "seen")


def sheet_heads() -> list[str]:
    """The first line, in the reader's language."""
    return [str(column.label) for column in COLUMNS]


def column_of(head: str) -> SheetColumn | None:
    """Which column a head means, in any language of the program or as other sheets call it."""
    return _by_head().get(_plain(head))


def _by_head() -> Mapping[str, SheetColumn]:
    found: dict[str, SheetColumn] = {}
    for column in COLUMNS:
        for head in (column.key, *column.also):
            found.setdefault(_plain(head), column)
        for language, _name in settings.LANGUAGES:
            with override(language):
                found.setdefault(_plain(str(column.label)), column)
    return found


def _plain(head: str) -> str:
    return "".join(head.split()).casefold()


def what_is_odd(entry: Definition, week: int | None = None) -> str:
    """What somebody who looks after the catalogue should look at; empty when all is well."""
    if not entry.volume:
        return _("Never came")
    if isinstance(entry, EventDefinition) and entry.state == State.RETIRED and week:
        return _("Retired, but still sent")
    guess = entry.guess if isinstance(entry, PropertyDefinition) else None
    if guess and guess[1] < _SURE:
        return _("Mixed types: %(share)s %(type)s") % {"share": formats.percent(guess[1]), "type": guess[0].label}
    return _("Nothing for 7 days") if week == 0 else ""


def sheet_length(product_id: int) -> int:
    """About how many lines the sheet has. One query."""
    return EventProperty.objects.filter(product_id=product_id).count()


def sheet_rows(access: ProductAccess) -> Iterator[list[Any]]:
    """Every event with its properties, then the properties of people and accounts; what is hidden too."""
    lines = _Lines(access)
    for event in lines.events:
        yield from lines.of_event(event)
    for one in lines.others:
        yield lines.line(None, one)


@dataclass(slots=True)
class _Lines:
    access: ProductAccess
    events: list[EventDefinition] = field(init=False)
    others: list[PropertyDefinition] = field(init=False)
    _properties: dict[str, PropertyDefinition] = field(init=False)
    _pairs: dict[str, list[str]] = field(init=False)
    _days: Mapping[str, Sequence[int]] = field(init=False)
    _volumes: Mapping[str, Sequence[int]] | None = field(init=False)
    _frequent: set[int] = field(init=False)
    _further_lines: dict[int, list[Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        product = self.access.product
        self.events = list(EventDefinition.objects.filter(product=product).select_related("owner").order_by("name"))
        rows = PropertyDefinition.objects.filter(product=product).select_related("owner").order_by("of", "name")
        self._properties = {row.name: row for row in rows if row.of == PropertyOf.EVENT}
        self.others = [row for row in rows if row.of != PropertyOf.EVENT]
        self._pairs = {}
        pairs = EventProperty.objects.filter(product=product).order_by("property")
        for event, name in pairs.values_list("event", "property"):
            self._pairs.setdefault(event, []).append(name)
        carried = {name for names in self._pairs.values() for name in names}
        # What was announced and came with no event yet would have no line at all.
        self.others[:0] = [row for name, row in self._properties.items() if name not in carried]
        self._days = daily_volumes(product)
        self._volumes = property_volumes(product)
        # Values cost a question for each event; a catalogue of thousands gets them for those that matter.
        self._frequent = {row.pk for row in sorted(self.events, key=lambda row: -row.volume)[:_WITH_VALUES]}

    def of_event(self, event: EventDefinition) -> Iterator[list[Any]]:
        seen = examples(self.access.product.pk, event, 1) if event.pk in self._frequent else {}
        carried = [self._properties[name] for name in self._pairs.get(event.name, []) if name in self._properties]
        if not carried:
            yield self.line(event, None)
        for index, one in enumerate(carried):
            value = next(iter(seen.get(one.name, [])), "")
            yield self.line(event, one, first=True, seen=value) if index == 0 else self._further(event, one, value)

    def _further(self, event: EventDefinition, one: PropertyDefinition, seen: str) -> list[Any]:
        """A line behind an event's first: the event stands in it by name only, so a property looks alike each time."""
        line = self._further_lines.get(one.pk)
        if line is None:
            line = self._further_lines[one.pk] = self.line(event, one, first=False)
        return [event.name, *line[1:_SEEN], seen, *line[_SEEN + 1 :]]

    def line(
        self, event: EventDefinition | None, one: PropertyDefinition | None, *, first: bool = True, seen: str = ""
    ) -> list[Any]:
        week = sum(self._days.get(event.name, ())[-7:]) if event else None
        values = self._event_cells(event, week) if event and first else {"event": event.name} if event else {}
        values |= self._property_cells(one, seen) if one else {}
        odd = [what_is_odd(event, week)] if event and first else []
        odd += [what_is_odd(one, self._week_of(one))] if one else []
        values["odd"] = "; ".join(text for text in odd if text)
        return [values.get(column.key) for column in COLUMNS]

    def _event_cells(self, event: EventDefinition, week: int | None) -> dict[str, Any]:
        plain = ("title_zh", "title_en", "category", "description", "trigger", "platforms", "priority", "version")
        return {name: getattr(event, name) for name in plain} | {
            "event": event.name,
            "is_order": formats.yes_no(event.is_order),
            "is_sign_up": formats.yes_no(event.is_sign_up),
            "revenue": event.revenue_property,
            "currency": event.revenue_currency,
            "owner": event.owner.email if event.owner else "",
            "state": event.get_state_display(),
            "hidden": formats.yes_no(event.hidden),
            "first_seen": event.first_seen,
            "week": week,
        }

    def _property_cells(self, one: PropertyDefinition, seen: str) -> dict[str, Any]:
        return {
            "property_of": PropertyOf(one.of).label,
            "property": one.name,
            "property_zh": one.title_zh,
            "property_en": one.title_en,
            "property_about": one.description,
            "type": one.guess[0].label if one.guess else "",
            "allowed": one.allowed,
            "required": formats.yes_no(one.required),
            "example": one.example,
            "seen": seen,
            "property_week": self._week_of(one),
        }

    def _week_of(self, one: PropertyDefinition) -> int | None:
        """Unknown for properties of people and accounts, which no event carries, and while days are being counted."""
        if one.of != PropertyOf.EVENT or self._volumes is None or not one.volume:
            return None
        return sum(self._volumes.get(one.name, ())[-7:])

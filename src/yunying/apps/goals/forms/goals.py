"""Forms of goals: setting, moving, closing, checking in."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.forms.common import WEEKDAYS, day_field, long_text, people_choices
from yunying.apps.goals.models import Cycle, Goal, Level, Rhythm, Status
from yunying.base.actor import ActorKind
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.forms import offer

__all__ = ["CheckInForm", "CloseForm", "GoalForm", "MoveForm", "ReopenForm", "parent_choices"]


def parent_choices(access: ProductAccess, goal: Goal | None = None) -> list[tuple[Any, str]]:
    """The open goals that one of this product may serve: its own, and the company goals of its organisation."""
    mine = Q(product=access.product)
    if access.actor.kind == ActorKind.USER:
        organisation = access.product.organisation_id
        mine |= Q(level=Level.COMPANY, product__organisation_id=organisation, product__archived_at=None)
    rows = Goal.objects.filter(mine, status=Status.OPEN).select_related("product").order_by("due", "id")
    found = [row for row in rows if goal is None or row.pk != goal.pk]
    found.sort(key=lambda row: list(Level).index(Level(row.level)))
    return [("", "–"), *((row.pk, _labelled(row, access)) for row in found)]


def _labelled(row: Goal, access: ProductAccess) -> str:
    place = "" if row.product_id == access.product.pk else f" ({row.product.name})"
    return f"{row.get_level_display()}: {row.title}{place}"


def _choice(label: Any, help_text: Any = "", *, required: bool = False) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, required=required, coerce=int, empty_value=None, help_text=help_text)


class GoalForm(forms.Form):
    title = forms.CharField(
        label=_("Goal"),
        max_length=160,
        help_text=_("What shall be different at the end? One goal, in a few words."),
    )
    why = long_text(_("Why"))
    level = forms.ChoiceField(label=_("Level"), choices=Level, initial=Level.PRODUCT, required=False)
    team = forms.CharField(label=_("Team"), required=False, max_length=60, help_text=_("For goals of a team."))
    parent = _choice(_("Serves the goal"), _("The larger goal this one is a part of, if there is one."))
    weight = forms.FloatField(
        label=_("Weight"),
        initial=1,
        required=False,
        help_text=_("Among the parts of the goal it serves. 2 counts twice as much as 1."),
    )
    counts = forms.BooleanField(label=_("Counts for the progress of the goal it serves"), required=False, initial=True)
    cycle = _choice(_("Cycle"))
    start = day_field(_("Starts on"))
    due = day_field(_("Due on"))
    owner = _choice(_("Owner"))
    rhythm = forms.ChoiceField(
        label=_("Check-in"),
        choices=Rhythm,
        required=False,
        help_text=_("The owner is reminded on that day at nine in the morning."),
    )
    rhythm_day = forms.TypedChoiceField(label=_("Check-in on"), choices=WEEKDAYS, coerce=int, initial=1, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=1)

    def __init__(self, *args: Any, access: ProductAccess, goal: Goal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", people_choices(access))
        offer(self, "parent", _with_present(parent_choices(access, goal), goal))
        cycles = Cycle.objects.filter(product=access.product, closed_at=None)
        if goal is not None and goal.cycle_id:
            # The goal's cycle as it is now may be closed: an edit must not lose it unseen.
            cycles = cycles | Cycle.objects.filter(product=access.product, pk=goal.cycle_id)
        offer(self, "cycle", [("", "–"), *cycles.values_list("pk", "name")])

    @property
    def refined(self) -> bool:
        """Whether something among the finer settings is set or wrong, so that they are shown."""
        plain = self["counts"].value() and str(self["weight"].value()) in ("1", "1.0")
        return not plain or bool(self["weight"].errors)

    def values(self) -> dict[str, Any]:
        """The arguments of the services."""
        same = ("title", "why", "start", "due", "level", "team", "weight", "counts", "rhythm", "rhythm_day")
        plain = {field: self.cleaned_data[field] for field in same}
        plain["level"] = plain["level"] or Level.PRODUCT.value
        plain["rhythm"] = plain["rhythm"] or Rhythm.NONE.value
        plain["rhythm_day"] = plain["rhythm_day"] or 1
        plain["weight"] = 1.0 if plain["weight"] is None else plain["weight"]
        return plain | {f"{field}_id": self.cleaned_data[field] for field in ("owner", "parent", "cycle")}

    @staticmethod
    def initial_of(goal: Goal) -> dict[str, Any]:
        """What the form shows of an existing goal."""
        same = ("title", "why", "start", "due", "level", "team", "weight", "counts", "rhythm", "rhythm_day", "version")
        return {name: getattr(goal, name) for name in same} | {
            "owner": goal.owner_id,
            "parent": goal.parent_id,
            "cycle": goal.cycle_id,
        }


def _with_present(choices: list[tuple[Any, str]], goal: Goal | None) -> list[tuple[Any, str]]:
    """The choices with the goal above as it is now, which may be closed: an edit must not lose it unseen."""
    above = goal.parent if goal else None
    if above is None or any(value == above.pk for value, _label in choices):
        return choices
    return [*choices, (above.pk, above.title)]


class MoveForm(forms.Form):
    parent = _choice(_("Serves the goal"), _("Nothing chosen: it stands at the top."))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, access: ProductAccess, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "parent", parent_choices(access, goal))


class CloseForm(forms.Form):
    status = forms.ChoiceField(
        label=_("How did it end?"),
        choices=[choice for choice in Status.choices if choice[0] != Status.OPEN],
        widget=forms.RadioSelect,
    )
    score = forms.FloatField(
        label=_("Score"),
        required=False,
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "0.01"}),
        help_text=_("From 0 to 1. Offered is the progress; a goal that was dropped has none."),
    )
    outcome = long_text(_("Outcome"), _("What came of it? It stays with the goal."), required=True)
    learnt = long_text(_("What we learnt"), _("What shall the next plan know?"))


class ReopenForm(forms.Form):
    reason = long_text(_("Why is it opened again?"), required=True)


CONFIDENCE = [(number, f"{number}") for number in range(1, 11)]


class CheckInForm(forms.Form):
    confidence = forms.TypedChoiceField(
        label=_("How sure are we that we reach it?"),
        choices=CONFIDENCE,
        coerce=int,
        widget=forms.RadioSelect,
        help_text=_("1 to 3: we will probably miss it. 4 to 6: it can go either way. 7 to 10: we will reach it."),
    )
    promised = forms.TypedMultipleChoiceField(
        label=_("Promised last time: what is done?"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    happened = long_text(pgettext_lazy("check-in", "What happened"))
    obstacles = long_text(_("Obstacles"))
    next_steps = long_text(_("Next steps"), _("One a line. The next check-in asks which are done."))

    def __init__(self, *args: Any, promises: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if promises:
            offer(self, "promised", list(enumerate(promises)))
        else:
            del self.fields["promised"]

    def values(self) -> dict[str, Any]:
        """The arguments of the service."""
        data = self.cleaned_data
        texts = {name: data[name] for name in ("confidence", "happened", "obstacles", "next_steps")}
        return texts | {"done": data.get("promised", [])}

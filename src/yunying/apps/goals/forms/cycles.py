"""Forms of cycles: making one, and closing it with all its goals."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.forms.common import day_field, long_text
from yunying.apps.goals.models import Cycle, CycleKind, Status
from yunying.apps.goals.services.cycles import Decision
from yunying.apps.goals.standing import GoalCard
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.forms import offer

__all__ = ["CloseCycleForm", "CycleForm"]


class CycleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=CycleKind)
    start = day_field(_("Starts on"))
    due = day_field(_("Ends on"))
    version = forms.IntegerField(widget=forms.HiddenInput, initial=1)

    def values(self) -> dict[str, Any]:
        """The arguments of the services."""
        return {name: self.cleaned_data[name] for name in ("name", "kind", "start", "due")}


class CloseCycleForm(forms.Form):
    """For each open goal how it ended, its score, and whether it goes on in the next cycle."""

    next = forms.TypedChoiceField(
        label=_("The next cycle"), required=False, coerce=int, empty_value=None,
        help_text=_("Goals that are carried over go on there with what is left of their key results."),
    )  # fmt: skip
    review = long_text(_("What we take along"), _("Kept on the page of the cycle."))

    def __init__(self, *args: Any, access: ProductAccess, cycle: Cycle, cards: list[GoalCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Cycle.objects.filter(product=access.product, closed_at=None).exclude(pk=cycle.pk).order_by("start")
        offer(self, "next", [("", "–"), *others.values_list("pk", "name")])
        self._cards = cards
        for card in cards:
            self._add(card)

    def _add(self, card: GoalCard) -> None:
        key = card.goal.pk
        ended = [choice for choice in Status.choices if choice[0] != Status.OPEN]
        self.fields[f"status_{key}"] = forms.ChoiceField(label=_("How did it end?"), choices=ended)
        self.fields[f"score_{key}"] = forms.FloatField(
            label=_("Score"), required=False, min_value=0, max_value=1, widget=forms.NumberInput(attrs={"step": "0.01"})
        )
        self.fields[f"outcome_{key}"] = long_text(_("Outcome"), rows=2, required=True)
        self.fields[f"carry_{key}"] = forms.BooleanField(label=_("Carry over into the next cycle"), required=False)

    def rows(self) -> list[tuple[GoalCard, list[forms.BoundField]]]:
        """Each goal with its fields, for the page."""
        names = ("status", "score", "outcome", "carry")
        return [(card, [self[f"{name}_{card.goal.pk}"] for name in names]) for card in self._cards]

    def decisions(self) -> list[Decision]:
        """What was decided, for the service."""
        data = self.cleaned_data
        return [
            Decision(
                goal=card.goal,
                status=data[f"status_{card.goal.pk}"],
                score=data[f"score_{card.goal.pk}"],
                outcome=data[f"outcome_{card.goal.pk}"],
                carry=data[f"carry_{card.goal.pk}"],
            )
            for card in self._cards
        ]

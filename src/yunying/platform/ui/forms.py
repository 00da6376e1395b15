"""What forms share that Django leaves to each of them."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms

__all__ = ["offer"]


def offer(form: forms.BaseForm, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
    """Set what the field `name`, a choice field of this form alone, lets people choose from."""
    cast(forms.ChoiceField, form.fields[name]).choices = list(choices)

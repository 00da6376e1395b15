"""What the choices of the builder are called."""

import pytest
from django.utils import translation

from yunying.apps.insights.words import range_label


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("last-30-day", "Last 30 days"),
        ("last-26-week", "Last 26 weeks"),
        ("last-1-quarter", "Last 1 quarter"),
        ("last-3-month-whole", "Last whole 3 months"),
        ("custom", "From … to …"),
        ("last-3-fortnight", "last-3-fortnight"),
    ],
)
def test_every_range_is_called_by_words(value: str, label: str) -> None:
    with translation.override("en"):
        assert range_label(value) == label

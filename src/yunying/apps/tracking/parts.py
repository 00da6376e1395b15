"""Parts that other apps add to a person's page. Each is loaded by itself, so that a slow one holds nothing up."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from yunying.platform.products.access import ProductAccess

__all__ = ["PersonPart", "add_person_part", "person_parts"]


@dataclass(frozen=True, slots=True)
class PersonPart:
    """`title` is a lazy translation; `page` is the name of an address that takes the product and the number."""

    title: Any
    page: str


_parts: list[PersonPart] = []


def add_person_part(part: PersonPart) -> None:
    """Add a part; from `AppConfig.ready`, once."""
    if part not in _parts:
        _parts.append(part)


def person_parts(access: ProductAccess, number: int) -> list[tuple[Any, str]]:
    """The titles and addresses of the parts of one person's page."""
    return [(part.title, reverse(part.page, args=[access.product.slug, number])) for part in _parts]

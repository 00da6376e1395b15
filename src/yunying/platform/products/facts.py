"""What happened to products, for the apps above. A fact is published inside the transaction that made it true."""

from dataclasses import dataclass

__all__ = ["ProductArchived", "ProductCreated", "ProductDeleted"]


@dataclass(frozen=True, slots=True)
class ProductCreated:
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductArchived:
    product_id: int


@dataclass(frozen=True, slots=True)
class ProductDeleted:
    """The product is gone; whoever keeps more under its number (events, people) erases it.

    `deleted_by` is the user who did it, None when it was a key.
    """

    product_id: int
    organisation_id: int
    name: str
    deleted_by: int | None = None

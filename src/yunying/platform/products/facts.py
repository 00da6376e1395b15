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
    """The product's rows are gone; whoever keeps more under its number (the event store) erases it."""

    product_id: int

"""Which statements erase a product from the event store."""

from collections.abc import Iterator

from yunying.store.scripts import Form
from yunying.store.sql import Sql

__all__ = ["erasing"]

# `people` comes last: it says which numbers of `moved`, which knows no products, are to go.
_TABLES = ("moved", "events{local} {on_cluster}", "accounts", "arrivals", "refused", "people")
_OF_PRODUCT = "product = {product:UInt32}"
_NUMBERS = f"n IN (SELECT person FROM people WHERE {_OF_PRODUCT})"


def erasing(product: int, form: Form) -> Iterator[Sql]:
    """Hide the rows at once, then write the parts anew without them, so that nothing stays on disk.

    Each statement returns when it is carried out and may be repeated at any point.
    """
    tables = [form.render(table) for table in _TABLES]
    for table in tables:
        where = _NUMBERS if table.startswith("moved") else _OF_PRODUCT
        settings = "lightweight_deletes_sync = 2, allow_nondeterministic_mutations = 1"
        yield Sql(f"DELETE FROM {table}\nWHERE {where}\nSETTINGS {settings}", {"product": product})
    for table in tables:
        yield Sql(f"ALTER TABLE {table}\nAPPLY DELETED MASK\nSETTINGS mutations_sync = 2")

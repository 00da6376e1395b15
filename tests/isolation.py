"""Objects for the addresses that name one, so that `tests/architecture/test_isolation.py` can try them all.

An app whose addresses carry more than the product puts a `factories.py` into its test folder:

    @factory("goals:goal", "/api/v1/products/{product}/goals/{goal}")
    def goal(access):
        return {"goal": create_goal(access=access, …).pk}

The names are those of pages (`namespace:name`) and paths of the API's document. What the function returns fills the
address, apart from `product`. An address without a factory fails the test.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from yunying.platform.products.access import ProductAccess

__all__ = ["FACTORIES", "factory"]

Factory = Callable[[ProductAccess], Mapping[str, Any]]
FACTORIES: dict[str, Factory] = {}


def factory(*addresses: str) -> Callable[[Factory], Factory]:
    """Register `function(access)` as the maker of the objects that these addresses name."""

    def register(function: Factory) -> Factory:
        for address in addresses:
            assert address not in FACTORIES, f"two factories for {address}"
            FACTORIES[address] = function
        return function

    return register


def load() -> None:
    """Import every `factories.py` below `tests`."""
    root = Path(__file__).parent
    for path in sorted(root.rglob("factories.py")):
        import_module(".".join(("tests", *path.relative_to(root).with_suffix("").parts)))

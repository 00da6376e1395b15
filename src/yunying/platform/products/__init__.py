"""Organisations, products, members and keys.

`api_access` is resolved on first use: Django imports this package before its models may be loaded.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yunying.platform.products.http import api_access

__all__ = ["api_access"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.http"), name)

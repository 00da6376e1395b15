import pytest

from tests.apps.insights.journey import walk
from tests.apps.insights.shop import fill
from yunying.platform.products.models import Product
from yunying.store import Store


@pytest.fixture
def shop(store: Store, product: Product) -> Product:
    """The product with the events of a small tea shop."""
    return fill(product)


@pytest.fixture
def journey(store: Store, product: Product) -> Product:
    """The product with six people on their way from a visit to an order."""
    return walk(product)

import pytest

from tests.apps.insights.shop import fill
from yunying.platform.products.models import Product
from yunying.store import Store


@pytest.fixture
def shop(store: Store, product: Product) -> Product:
    """The product with the events of a small tea shop: lin ordered three times, ann twice, mei once, bob never."""
    return fill(product)

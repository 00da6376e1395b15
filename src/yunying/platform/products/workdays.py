"""The calendar of working days where a product is used."""

from functools import lru_cache

from babel.core import get_global
from django.conf import settings

from yunying.base.workdays import Workdays, read_tables
from yunying.platform.products.models import Product

__all__ = ["workdays_of"]

# Beside the data, so that a backup has it: a table for each year whose notice came after this version.
FOLDER = "workdays"


def workdays_of(product: Product) -> Workdays:
    """The calendar of the country that the product's time zone lies in; weekends only where it lies in none.

    Raises InvalidInput when a table of the installation cannot be read.
    """
    return _calendar(str(get_global("zone_territories").get(product.timezone, "")))


@lru_cache(maxsize=100)
def _calendar(country: str) -> Workdays:
    folder = settings.CONFIG.data_dir / FOLDER / country
    return Workdays(country, read_tables(folder) if country and folder.is_dir() else {})

"""The one door to imports and kept mappings. People who may manage a product's data may import."""

from yunying.apps.tracking.importing.models import ImportMapping, ImportRun
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["import_for", "kept_mapping_for"]


def import_for(access: ProductAccess, pk: int) -> ImportRun:
    """An import of the product. Raises NotFound, NotAllowed without the right to manage data."""
    access.require(Permission.MANAGE_DATA)
    found = ImportRun.objects.select_related("product").filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("import.absent", msg("There is no such import."))
    return found


def kept_mapping_for(access: ProductAccess, pk: int) -> ImportMapping:
    """A kept mapping of the product. Raises NotFound, NotAllowed without the right to manage data."""
    access.require(Permission.MANAGE_DATA)
    found = ImportMapping.objects.filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("import.no_mapping", msg("There is no such kept mapping."))
    return found

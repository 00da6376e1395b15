"""The one door to erasures and rules of a product."""

from yunying.apps.tracking.models import Erasure, RetentionRule
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["erasure_for", "erasures_of", "rule_for"]


def erasures_of(access: ProductAccess) -> list[Erasure]:
    """The erasures of a product, newest first, at most 500."""
    return list(Erasure.objects.filter(product=access.product).select_related("requested_by")[:500])


def erasure_for(access: ProductAccess, pk: int) -> Erasure:
    """One erasure of the product. Raises NotFound."""
    found = Erasure.objects.select_related("requested_by").filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("erasure.absent", msg("There is no such erasure."))
    return found


def rule_for(access: ProductAccess, pk: int) -> RetentionRule:
    """One rule of the product. Raises NotFound."""
    found = RetentionRule.objects.filter(product=access.product, pk=pk).first()
    if found is None:
        raise NotFound("retention.absent", msg("There is no such rule."))
    return found

"""The one door to cohorts."""

from yunying.apps.insights.cohorts.models import Cohort
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["cohort_for"]


def cohort_for(access: ProductAccess, cohort_id: int) -> Cohort:
    """The cohort of this product. Raises NotFound when it is absent or belongs to another product."""
    found = Cohort.objects.select_related("owner", "product").filter(product=access.product, pk=cohort_id).first()
    if found is None:
        raise NotFound("cohort.absent", msg("There is no such cohort."))
    return found

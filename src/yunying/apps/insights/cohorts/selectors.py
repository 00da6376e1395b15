"""Reading cohorts; what pages of other kinds may use of them."""

from django.db.models import QuerySet

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts.known import KnownCohorts, definition_of, named_in, stamp_of
from yunying.apps.insights.cohorts.models import Cohort, CohortKind
from yunying.base.errors import YunyingError
from yunying.engine import cohorts as engine
from yunying.platform.audit.models import Entry
from yunying.platform.audit.selectors import EntryFilter, Scope, entries
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

__all__ = [
    "Cohort",
    "CohortKind",
    "KnownCohorts",
    "choices",
    "cohorts_for",
    "cohorts_of_person",
    "definition_of",
    "history_of_definition",
    "named_in",
    "names_of",
    "stamp_of",
]


def cohorts_for(product: Product) -> QuerySet[Cohort]:
    """The product's cohorts by name."""
    return Cohort.objects.filter(product=product).select_related("owner", "product").order_by("name")


def choices(access: ProductAccess) -> list[tuple[int, str]]:
    """Number and name of every cohort, for fields to choose from. One query."""
    return list(Cohort.objects.filter(product=access.product).order_by("name").values_list("pk", "name"))


def names_of(access: ProductAccess) -> dict[int, str]:
    """The names of the product's cohorts by number. One query."""
    return dict(choices(access))


def cohorts_of_person(access: ProductAccess, number: int) -> list[Cohort]:
    """The cohorts a person belongs to now, by name. One query, and one of the event store for every 20 cohorts."""
    context = context_for(access.product)
    rows = list(cohorts_for(access.product))
    sound = {}
    for row in rows:
        try:
            definition = definition_of(row)
            engine.check(definition, context)
        except YunyingError:
            continue  # its own page says what is wrong with it
        sound[row.pk] = definition
    found = engine.belongs_to(number, sound, context)
    return [row for row in rows if row.pk in found]


def history_of_definition(access: ProductAccess, cohort: Cohort) -> list[Entry]:
    """Who changed the cohort, newest first; at most 50. One query."""
    scope = Scope(products=frozenset({access.product.pk}))
    wanted = EntryFilter(product_id=access.product.pk, target_kind="cohort", target_id=str(cohort.pk))
    return list(entries(scope, wanted)[:50])

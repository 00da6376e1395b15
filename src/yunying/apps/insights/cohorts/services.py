"""Commands on cohorts: check → write → audit, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import IntegrityError, transaction

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts import lists
from yunying.apps.insights.cohorts.known import KnownCohorts
from yunying.apps.insights.cohorts.models import Cohort, CohortKind
from yunying.apps.insights.cohorts.sizes import count
from yunying.apps.insights.cohorts.uses import uses_in
from yunying.apps.insights.cohorts.words import quoted
from yunying.apps.insights.kinds.definitions import listed
from yunying.apps.insights.services import checked_name, checked_text
from yunying.apps.tracking.selectors import FoundPeople
from yunying.base.actor import ActorKind
from yunying.base.errors import Conflict, InvalidInput, LimitReached, YunyingError, msg
from yunying.engine import Context, everybody_behind, parse
from yunying.engine import cohorts as engine
from yunying.engine.kinds import MAX_EVERYBODY
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.products.versions import write_version

__all__ = ["MOST_COHORTS", "create", "create_list", "create_list_of_found", "create_list_of_ids", "delete", "update"]

MOST_COHORTS = 500


def create(access: ProductAccess, *, name: str, definition: Mapping[str, Any], description: str = "") -> Cohort:
    """Keep a definition under a name. Raises InvalidInput (what to change) and Conflict (the name is taken)."""
    access.require(Permission.EDIT_REPORTS)
    fields = {"definition": _checked_definition(access.product, definition)}
    return _create(access, name, description, CohortKind.DEFINITION, fields, ())


def create_list(
    access: ProductAccess,
    *,
    name: str,
    spec: Mapping[str, Any],
    point: Mapping[str, Any],
    description: str = "",
) -> Cohort:
    """Keep all the people behind a number as a fixed list. Raises as `create` does, and LimitReached."""
    access.require(Permission.EDIT_REPORTS)
    access.require(Permission.SEE_PEOPLE)
    asked = parse(dict(spec))
    numbers = everybody_behind(asked, dict(point), context_for(access.product))
    source = {"from": "report", "spec": asked.to_json(), "point": dict(point)}
    return _create(access, name, description, CohortKind.LIST, {"source": source}, numbers)


def create_list_of_found(access: ProductAccess, *, name: str, found: FoundPeople, description: str = "") -> Cohort:
    """Keep everybody who was found in the list of people as a fixed list. Raises as `create_list` does."""
    access.require(Permission.EDIT_REPORTS)
    access.require(Permission.SEE_PEOPLE)
    numbers = found.numbers(MAX_EVERYBODY)
    if not numbers:
        raise InvalidInput("cohort.nobody_found", msg("Nobody was found: there is nobody to keep."), field="name")
    wanted = {
        key: str(value) for key, value in asdict(found.wanted).items() if value not in ("", None) and key != "filters"
    }
    source = {"from": "people", "asked": wanted, "filters": found.wanted.filters.to_json()}
    return _create(access, name, description, CohortKind.LIST, {"source": source}, numbers)


def create_list_of_ids(
    access: ProductAccess, *, name: str, ids: Sequence[str], description: str = ""
) -> tuple[Cohort, lists.Matched]:
    """Keep the people with these distinct ids as a fixed list. Raises InvalidInput when nobody has any of them."""
    access.require(Permission.EDIT_REPORTS)
    access.require(Permission.SEE_PEOPLE)
    found = lists.match(access.product.pk, ids)
    if not found.numbers:
        raise InvalidInput("cohort.nobody", msg("Nobody in this product has any of these ids."), field="ids")
    source = {"from": "ids", "given": found.given, "unknown": found.unknown, "examples": list(found.examples)}
    return _create(access, name, description, CohortKind.LIST, {"source": source}, found.numbers), found


def update(
    *,
    access: ProductAccess,
    cohort: Cohort,
    version: int,
    name: str | None = None,
    description: str | None = None,
    definition: Mapping[str, Any] | None = None,
) -> Cohort:
    """Change what is given; `version` is the one the editor saw. Raises InvalidInput and Conflict."""
    access.require(Permission.EDIT_REPORTS)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = checked_name(name)
        _refuse_taken_name(access.product, changes["name"], cohort.pk)
    if description is not None:
        changes["description"] = checked_text(description)
    if definition is not None:
        if cohort.is_list:
            raise InvalidInput("cohort.is_list", msg("A fixed list has no conditions."), field="definition")
        changes["definition"] = _checked_definition(access.product, definition, cohort)
    before = _facts(cohort)
    redefined = changes.get("definition", cohort.definition) != cohort.definition
    try:
        with transaction.atomic():
            write_version(cohort, version, changes)
            _record(access, "cohort.changed", cohort, before=before, after=_facts(cohort))
    except IntegrityError:
        # Another request took the name between our look and our write.
        raise _taken(str(changes.get("name"))) from None
    if redefined:
        count(cohort)
    return cohort


def delete(*, access: ProductAccess, cohort: Cohort) -> None:
    """Remove a cohort. Raises Conflict, which says where, while something asks for it."""
    access.require(Permission.EDIT_REPORTS)
    users = uses_in(access.product).get(cohort.pk, [])
    if users:
        raise Conflict(
            "cohort.in_use",
            msg("This cohort is used in: %(places)s. Take it out there first."),
            places=listed(f"{use.kind} {quoted(use.name)}" for use in users[:10]),
        )
    key = cohort.pk
    with transaction.atomic():
        _record(access, "cohort.deleted", cohort, before=_facts(cohort))
        cohort.delete()
    lists.forget(access.product.pk, key)


def _checked_definition(
    product: Product, definition: Mapping[str, Any], cohort: Cohort | None = None
) -> dict[str, Any]:
    """The definition as the engine reads it. Raises InvalidInput: a field at fault, a circle, an absent cohort."""
    found = engine.parse(definition)
    instead = {cohort.pk: found} if cohort else {}
    context = replace(context_for(product), cohorts=KnownCohorts(product.pk, instead))
    if cohort is not None:
        _refuse_itself(cohort, context)
    engine.check(found, context)
    return found.to_json()


def _refuse_itself(cohort: Cohort, context: Context) -> None:
    """A definition that leads back to its own cohort, seen from the cohort, so that the circle is named."""
    engine.check(engine.Cohort(engine.Joined("and", (engine.InCohort(cohort.pk),))), context)


def _create(
    access: ProductAccess,
    name: str,
    description: str,
    kind: CohortKind,
    fields: Mapping[str, Any],
    numbers: Sequence[int],
) -> Cohort:
    product, name = access.product, checked_name(name)
    _refuse_taken_name(product, name)
    if Cohort.objects.filter(product=product).count() >= MOST_COHORTS:
        raise LimitReached(
            "cohort.too_many_kept", msg("A product keeps at most %(most)s cohorts. Delete one."), most=MOST_COHORTS
        )
    owner = access.actor.id if access.actor.kind == ActorKind.USER else None
    made = {"name": name, "description": checked_text(description), "kind": kind, "owner_id": owner, **fields}
    try:
        with transaction.atomic():
            cohort = Cohort.objects.create(product=product, **made)
            _record(access, "cohort.created", cohort, after=_facts(cohort) | {"people": len(numbers) or None})
            # Inside the transaction: a list without its members must not be seen.
            lists.write(product.pk, cohort.pk, numbers)
    except IntegrityError:
        # Another request took the name between our look and our write.
        raise _taken(name) from None
    count(cohort)
    return cohort


def _refuse_taken_name(product: Product, name: str, but: int | None = None) -> None:
    if Cohort.objects.filter(product=product, name=name).exclude(pk=but or 0).exists():
        raise _taken(name)


def _taken(name: str) -> YunyingError:
    return Conflict("cohort.name_taken", msg("There is already a cohort called “%(name)s”."), field="name", name=name)


def _record(access: ProductAccess, verb: str, cohort: Cohort, **facts: Any) -> None:
    record(access.actor, verb, ("cohort", cohort.pk, cohort.name), product_id=access.product.pk, **facts)


def _facts(cohort: Cohort) -> dict[str, Any]:
    return {"name": cohort.name, "description": cohort.description, "definition": cohort.definition}

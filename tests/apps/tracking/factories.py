"""What the addresses of catalogue and people name."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.isolation import factory
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition
from yunying.base import clock
from yunying.platform.products.access import ProductAccess


@factory("tracking:event")
def event(access: ProductAccess) -> Mapping[str, Any]:
    now = clock.now()
    made = EventDefinition.objects.create(
        product=access.product, name=f"visit {uuid4()}", first_seen=now, last_seen=now
    )
    return {"definition": made.pk}


@factory("tracking:property")
def property_(access: ProductAccess) -> Mapping[str, Any]:
    now = clock.now()
    made = PropertyDefinition.objects.create(
        product=access.product, of="event", name=f"plan {uuid4()}", first_seen=now, last_seen=now
    )
    return {"definition": made.pk}


@factory(
    "tracking:person",
    "tracking:person_merge",
    "tracking:person_split",
    "/api/v1/products/{product}/data/people/{number}/merge",
    "/api/v1/products/{product}/data/people/{number}/split",
    "tracking:privacy_of_person",
    "tracking:everything",
    "tracking:erase",
    "/api/v1/products/{product}/data/people/{number}/everything",
    "/api/v1/products/{product}/data/people/{number}/erasures",
    "/api/v1/products/{product}/data/people/{number}",
    "/api/v1/products/{product}/data/people/{number}/events",
)
def person(access: ProductAccess) -> Mapping[str, Any]:
    from yunying.apps.tracking.models import DistinctId, Person

    number = 3_000_000_000 + access.product.pk
    Person.objects.get_or_create(number=number, defaults={"product": access.product, "born_ms": 0})
    DistinctId.objects.get_or_create(
        number=number, defaults={"product": access.product, "distinct_id": "ann", "owner": number, "first_ms": 0}
    )
    return {"number": number}


@factory("tracking:account")
def account(access: ProductAccess) -> Mapping[str, Any]:
    from yunying.apps.tracking.models import Account

    made, _ = Account.objects.get_or_create(product=access.product, key="acme", defaults={"first_seen_ms": 0})
    return {"account": made.pk}


@factory("/api/v1/products/{product}/data/events/{event}")
def api_event(access: ProductAccess) -> Mapping[str, Any]:
    return {"event": event(access)["definition"]}


@factory("/api/v1/products/{product}/data/properties/{property}")
def api_property(access: ProductAccess) -> Mapping[str, Any]:
    return {"property": property_(access)["definition"]}


@factory("tracking:proof", "tracking:proof_file", "/api/v1/products/{product}/data/erasures/{erasure}")
def erasure(access: ProductAccess) -> Mapping[str, Any]:
    from yunying.apps.tracking.models import Erasure

    return {"erasure": Erasure.objects.create(product=access.product).pk}


@factory("tracking:drop_rule", "/api/v1/products/{product}/data/retention/{rule}")
def retention_rule(access: ProductAccess) -> Mapping[str, Any]:
    from yunying.apps.tracking.models import RetentionRule

    return {"rule": RetentionRule.objects.get_or_create(product=access.product, event="", defaults={"days": 90})[0].pk}


@factory("regions:remove")
def region_file(access):
    return {"name": "maxmind.mmdb"}

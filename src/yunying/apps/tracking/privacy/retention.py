"""How long events are kept: rules of a product, carried out at night."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from yunying.apps.tracking.privacy.models import RetentionRule
from yunying.base import clock
from yunying.base.actor import SYSTEM
from yunying.base.errors import InvalidInput, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.store import shared
from yunying.store.forgetting import Hidden

__all__ = ["LEAST_DAYS", "MOST_DAYS", "apply_rules", "keep_for", "keep_for_ever", "would_go"]

LEAST_DAYS, MOST_DAYS = 7, 3_660


def keep_for(*, access: ProductAccess, event: str, days: int) -> RetentionRule:
    """Keep the events of a name ('': all without a rule of their own) for so many days. Raises InvalidInput."""
    access.require(Permission.MANAGE_PRODUCT)
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise InvalidInput(
            "retention.days",
            msg("Choose between %(least)d and %(most)d days."),
            field="days",
            least=LEAST_DAYS,
            most=MOST_DAYS,
        )
    with transaction.atomic():
        before = RetentionRule.objects.filter(product=access.product, event=event).first()
        rule, _ = RetentionRule.objects.update_or_create(product=access.product, event=event, defaults={"days": days})
        _note(access, "retention.changed", rule, {"days": before.days} if before else {}, {"days": days})
    return rule


def keep_for_ever(*, access: ProductAccess, rule: RetentionRule) -> None:
    """Take a rule away; what it removed stays removed."""
    access.require(Permission.MANAGE_PRODUCT)
    with transaction.atomic():
        _note(access, "retention.removed", rule, {"days": rule.days}, {})
        rule.delete()


def would_go(product_id: int, event: str, days: int) -> int:
    """How many events are older than the rule would keep now. One query."""
    hidden = shared().hidden_events(product_id, event, _others(product_id, event), _before(days))
    return int(shared().query(hidden.count()).one()[0])


def apply_rules() -> int:
    """Take what is past its time out of all questions; the sweep writes it out of the files. Gives how many events."""
    total = 0
    for rule in RetentionRule.objects.select_related("product").order_by("product", "event"):
        hidden = shared().hidden_events(
            rule.product_id, rule.event, _others(rule.product_id, rule.event), _before(rule.days)
        )
        rows = shared().hide([hidden], rule.product_id).get(hidden.name, 0) if _any(hidden) else 0
        RetentionRule.objects.filter(pk=rule.pk).update(applied_at=clock.now(), removed=F("removed") + rows)
        total += rows
    return total


def _any(hidden: Hidden) -> bool:
    return int(shared().query(hidden.count()).one()[0]) > 0


def _others(product_id: int, event: str) -> list[str]:
    """Names with rules of their own, which the rule of all leaves alone."""
    if event:
        return []
    named = RetentionRule.objects.filter(product_id=product_id).exclude(event="")
    return list(named.values_list("event", flat=True))


def _before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _note(access: ProductAccess, verb: str, rule: RetentionRule, before: dict[str, int], after: dict[str, int]) -> None:
    target = ("retention", rule.pk, rule.event or "*")
    record(access.actor or SYSTEM, verb, target, product_id=access.product.pk, before=before, after=after)

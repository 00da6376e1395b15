"""Asking the engine on behalf of a product, with a bounded cache of answers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache

from yunying.apps.insights.cohorts.known import KnownCohorts, stamp_of
from yunying.apps.insights.freshness import event_count
from yunying.apps.tracking.selectors import catalogue_for
from yunying.apps.tracking.services import note_always, note_question
from yunying.base import clock
from yunying.engine import Context, parse, run
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Product
from yunying.store import shared

__all__ = ["Answer", "context_for", "run_report"]

# Events are counted a moment before questions can see them, so an answer may miss the newest ones: keep it shortly
# when its range reaches into the present, longer when it is over and changes by late arrivals only.
FRESH_S, SETTLED_S = 30, 300
# Larger answers would push all others out of the cache.
LARGEST_CACHED = 50_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A result; `cached` says that it was computed for an earlier look, at `result.provenance.computed_at`."""

    result: Any
    cached: bool


def context_for(product: Product) -> Context:
    """Everything the engine needs to know about a product, as of now."""
    return Context(
        store=shared(),
        product=product.pk,
        zone=product.zone,
        week_start=product.week_start,
        now=clock.now(),
        catalogue=catalogue_for(product.pk),
        memory_mb=settings.CONFIG.query_memory_mb,
        timeout_s=settings.CONFIG.query_timeout_s,
        cohorts=KnownCohorts(product.pk),
        without_bots=product.leave_bots_out,
    )


def run_report(access: ProductAccess, spec: Mapping[str, Any], *, fresh: bool = False) -> Answer:
    """The answer to a query, from the cache when it is recent enough and `fresh` is not asked for.

    Raises InvalidInput with the field at fault, LimitReached when the query is too long or too big.
    """
    access.require(Permission.VIEW)
    asked = parse(dict(spec))
    key = _key(access.product, asked)
    known: Answer | None = None if fresh else cache.get(key)
    if known is not None:
        return replace(known, cached=True)
    answer = Answer(run(asked, context_for(access.product)), cached=False)
    note_question(access.product.pk, asked.to_json())
    if access.product.leave_bots_out:
        note_always(access.product.pk, "$bot")
    if _size(answer.result) <= LARGEST_CACHED:
        cache.set(key, answer, _seconds(access.product, spec))
    return answer


def _size(value: Any) -> int:
    """About how many rows, points and cells an answer of any kind holds; lists are judged by their first element."""
    if isinstance(value, list | tuple):
        return len(value) * (1 + _size(value[0])) if value else 0
    if is_dataclass(value):
        return sum(_size(getattr(value, one.name)) for one in fields(value))
    return 0


def _key(product: Product, asked: Any) -> str:
    """Same key, same answer: it changes with every event that came, with the hour, and with what a day is."""
    hour = f"{clock.now().astimezone(product.zone):%Y%m%d%H}"
    cohorts = stamp_of(product.pk, asked.to_json())
    wishes = (product.timezone, product.week_start, product.leave_bots_out)
    parts = (product.pk, *wishes, hour, event_count(product), asked.hash, cohorts)
    return "insights:" + ":".join(map(str, parts)).replace(" ", "")


def _seconds(product: Product, spec: Mapping[str, Any]) -> int:
    end = str((spec.get("range") or {}).get("to") or "")
    yesterday = clock.now().astimezone(product.zone).date() - timedelta(days=1)
    return SETTLED_S if end and end[:10] < yesterday.isoformat() else FRESH_S

"""Writing the audit log and proving that nobody rewrote it."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from yunying.base.actor import Actor
from yunying.platform.audit.models import ChainHead, Entry

__all__ = ["Target", "chained", "record", "seal", "verify"]

Target = tuple[str, int | str, str]
"""(kind, primary key, name as people know it)."""

MASK = "••••"
_SECRET_WORDS = ("password", "secret", "token", "digest", "credential", "private_key", "api_key", "recovery_code")
_LONGEST_TEXT = 2_000


def record(
    actor: Actor,
    verb: str,
    target: Target,
    *,
    product_id: int | None = None,
    organisation_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Entry:
    """Add one entry inside the caller's transaction: no change without its entry, no entry without its change.

    `verb` is `kind.past_participle` (`goal.closed`). What belongs to no product names its organisation, or only
    superusers see it. Fields that are equal on both sides are left out, values of
    fields whose name speaks of a secret are masked, texts are cut at 2,000 characters. One query.
    """
    old, new = _changed(_plain(before), _plain(after))
    kind, key, name = target
    return Entry.objects.create(
        product_id=product_id,
        organisation_id=organisation_id,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        actor_name=actor.name[:150],
        ip=actor.ip[:45],
        user_agent=actor.user_agent[:300],
        verb=verb,
        target_kind=kind,
        target_id=str(key),
        target_name=str(name)[:200],
        before=old,
        after=new,
    )


def seal(limit: int = 1_000) -> int:
    """Chain up to `limit` committed entries that have no seal yet; returns how many it sealed.

    Sealing after the commit keeps writers from queuing behind one another for the end of the chain. The row
    lock on the head orders concurrent sealers, so no place is given twice.
    """
    with transaction.atomic():
        ChainHead.objects.get_or_create(pk=1)
        head = ChainHead.objects.select_for_update().get(pk=1)
        entries = list(Entry.objects.filter(place=None).order_by("id")[:limit])
        for entry in entries:
            head.place += 1
            head.seal = _seal_of(head.seal, head.place, entry)
            entry.place, entry.seal = head.place, head.seal
        Entry.objects.bulk_update(entries, ["place", "seal"], batch_size=200)
        head.save(update_fields=["place", "seal"])
    return len(entries)


def verify() -> int | None:
    """The place of the first entry that was changed, removed or added behind the chain's back; None if all is well.

    Reads every sealed entry once. Whoever knows the installation's secret key can forge seals, and removing the
    newest entries together with an older head goes unseen: keep exports elsewhere where that matters.
    """
    place, previous = 0, ""
    for entry in chained():
        place += 1
        if entry.place != place or not hmac.compare_digest(entry.seal, _seal_of(previous, place, entry)):
            return place
        previous = entry.seal
    head = ChainHead.objects.filter(pk=1).first()
    at_end = (head.place, head.seal) if head else (0, "")
    return None if at_end == (place, previous) else place + 1


def chained() -> Iterator[Entry]:
    """All sealed entries in the order of the chain."""
    return Entry.objects.exclude(place=None).order_by("place").iterator(chunk_size=1_000)


def _seal_of(previous: str, place: int, entry: Entry) -> str:
    fields = [
        previous,
        place,
        entry.pk,
        entry.at.isoformat(timespec="microseconds"),
        entry.product_id,
        entry.organisation_id,
        entry.actor_kind,
        entry.actor_id,
        entry.actor_name,
        entry.ip,
        entry.user_agent,
        entry.verb,
        entry.target_kind,
        entry.target_id,
        entry.target_name,
        entry.before,
        entry.after,
    ]
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    key = hashlib.sha256(b"yunying.audit:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    return (
        {name: _shown(name, value) for name, value in before.items() if name not in same},
        {name: _shown(name, value) for name, value in after.items() if name not in same},
    )


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """As JSON keeps it, so that what is compared and sealed is what is read back."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values or {}), cls=DjangoJSONEncoder))
    return plain


def _shown(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in _SECRET_WORDS):
        return MASK if value not in (None, "", [], {}) else value
    if isinstance(value, dict):
        return {key: _shown(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shown("", inner) for inner in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    return value

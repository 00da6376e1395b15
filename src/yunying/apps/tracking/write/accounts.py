"""Accounts in one transaction: created when they are first named, changed by what events say of them."""

from collections.abc import Sequence

from yunying.apps.tracking.models import Account
from yunying.apps.tracking.write.batch import Deed, Key
from yunying.apps.tracking.write.links import chunks
from yunying.apps.tracking.write.properties import Properties

__all__ = ["apply_account_ops"]

_CHUNK = 400


def apply_account_ops(deeds: Sequence[Deed]) -> set[Key]:
    """Create and change the accounts of a batch; gives those whose copy in the event store is out of date."""
    by_key: dict[Key, list[Deed]] = {}
    for deed in deeds:
        by_key.setdefault(deed.key, []).append(deed)
    rows: dict[Key, Account] = {}
    for product in sorted({key[0] for key in by_key}):
        keys = sorted(key[1] for key in by_key if key[0] == product)
        for part in chunks(keys):
            rows.update({(product, r.key): r for r in Account.objects.filter(product_id=product, key__in=part)})
    changed = {key: row for key, done in by_key.items() if (row := _changed_account(key, rows.get(key), done))}
    if changed:
        fields = ["properties", "marks", "first_seen_ms", "version"]
        Account.objects.bulk_create(
            changed.values(),
            batch_size=_CHUNK,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=fields,
        )
    return set(changed)


def _changed_account(key: Key, row: Account | None, done: list[Deed]) -> Account | None:
    first_ms = min(deed.ms for deed in done)
    fresh = row is None
    row = row or Account(product_id=key[0], key=key[1], first_seen_ms=first_ms, version=0)
    properties = Properties(row.properties, row.marks)
    for deed in done:
        properties.apply(deed.ops, deed.ms, deed.uuid)
    if not (fresh or properties.changed or first_ms < row.first_seen_ms):
        return None
    row.first_seen_ms = min(row.first_seen_ms, first_ms)
    row.version += 1
    return row

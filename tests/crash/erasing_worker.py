"""A process of its own that erases somebody: `python -m tests.crash.erasing_worker fill|erase <folder>`.

fill    sets both stores up and takes in what two people did, by the spool, with merges, refusals and an import
erase   erases the one, sweeps, and prints what the engine still has, hidden rows included
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

GONE = ["ann.secret@example.org", "anon-4711-gone", "安妮·秘密", "+49-170-5550100"]
STAYS = "bob.stays@example.org"
TABLES = ("events", "arrivals", "people", "refused")


def fill(folder: Path) -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from yunying.apps.tracking.ingest import Ingest
    from yunying.collect import codec
    from yunying.collect.counters import Counters
    from yunying.collect.flusher import Flusher
    from yunying.collect.spool import Spool, SpoolLimits
    from yunying.platform.products.models import Organisation, Product

    product = Product.objects.create(organisation=Organisation.objects.create(name="Tea"), slug="tea", name="Tea")
    store = _store(migrate=True)
    spool = Spool(folder / "spool", SpoolLimits(segment_bytes=1))
    ingest = Ingest(store, reload_s=0)
    flusher = Flusher(spool, ingest, Counters())
    import asyncio

    for step in range(3):  # so that rows of both stores have earlier versions
        asyncio.run(spool.append(codec.encode(_records(product.pk, step))))
        flusher.flush()
    ingest.close()
    spool.close()
    store.close()


def _records(product: int, step: int) -> list[Any]:
    from yunying.base import clock
    from yunying.base.ids import uuid7
    from yunying.events.event import Event, Link, LinkKind, Op, OpKind, Refusal

    now = round(clock.now().timestamp() * 1000) - 60_000 + step
    email, anonymous, name, phone = GONE
    link = [Link(LinkKind.IDENTIFY, anonymous, email)]
    ops = [Op(OpKind.SET, "phone", f"{phone} {step}"), Op(OpKind.SET, "name", name)]

    def event(who: str, **more: Any) -> Event:
        return Event(product, str(uuid7()), "visit", who, now, now, {"text": f"{who} {step}"}, **more)

    def refusal(who: str) -> Refusal:
        return Refusal(product, str(uuid7()), now, "own", "event.name_missing", "No name.", json.dumps({"who": who}))

    return [
        *(event(anonymous) for _ in range(20)),
        event(email, links=link, person_ops=ops),
        *(event(STAYS, person_ops=[Op(OpKind.SET, "step", step)]) for _ in range(20)),
        refusal(email),
        refusal(STAYS),
    ]


def erase(folder: Path) -> None:
    from yunying.apps.tracking.models import DistinctId, Erasure, Person
    from yunying.apps.tracking.privacy.erasing import close_the_door, sweep
    from yunying.apps.tracking.privacy.erasing import erase as carry_out
    from yunying.base.clock import fixed, now
    from yunying.store import Sql, use

    store = _store()
    use(store)
    person = Person.objects.get(number=DistinctId.objects.get(distinct_id=GONE[0]).owner)
    ids = DistinctId.objects.filter(owner=person.number)
    erasure = Erasure.objects.create(product_id=person.product_id, numbers=[row.number for row in ids])
    close_the_door(person.product_id, [row.distinct_id for row in ids])
    carry_out(erasure)
    with fixed(now() + timedelta(minutes=11)):
        erasure.refresh_from_db()
        sweep([erasure])
    erasure.refresh_from_db()
    hidden = " SETTINGS apply_deleted_mask = 0"
    rows = {table: str(store.query(Sql(f"SELECT * FROM {table}{hidden}")).rows) for table in TABLES}
    parts = (
        "SELECT count() FROM system.parts"
        " WHERE NOT active AND database = currentDatabase() AND table != 'schema_migrations'"
    )
    told = {
        "found": [name for name in GONE if any(name in text for text in rows.values())],
        "stays": [table for table, text in rows.items() if STAYS in text],
        "old_parts": int(store.query(Sql(parts)).one()[0]),
        "swept": erasure.swept_at is not None,
        "proof": erasure.proof,
    }
    store.close()
    json.dump(told, sys.stdout)


def _store(*, migrate: bool = False) -> Any:
    from yunying.store import open_store

    store = open_store(os.environ["YUNYING_EVENTS_URL"], memory_mb=512)
    if migrate:
        store.migrate()
    return store


def main(command: str, folder: str) -> None:
    root = Path(folder)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "yunying.settings",
        "YUNYING_DATA_DIR": folder,
        "YUNYING_DATABASE_URL": f"sqlite:///{root / 'yunying.sqlite3'}",
        "YUNYING_EVENTS_URL": f"chdb://{root / 'events'}",
    }
    django.setup()
    {"fill": fill, "erase": erase}[command](root)


if __name__ == "__main__":
    main(*sys.argv[1:])

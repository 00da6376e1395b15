"""A process of its own that imports, for the test that kills it: `python -m tests.crash.import_worker … <folder>`.

make    sets both stores up, with a file of ROWS rows and the job that imports it
work    runs jobs until SIGTERM, in many small pieces
read    prints how often each event is in the store, and what the import says of itself
back    begins to take the import back, which `work` then does in many small slices
left    prints what is in the store and in the catalogue of it
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import django

ROWS = 6_000
SLICES = 12
MAPPING = {
    "source": "shop",
    "file": {"format": "csv"},
    "time": "time",
    "distinct_id": "who",
    "columns": {"n": "integer"},
    "events": [{"name": {"column": "event"}, "id": ["n"], "properties": ["n"]}],
}


def make(folder: Path) -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from yunying.apps.tracking.importing import services, storage
    from yunying.apps.tracking.importing.models import ImportRun
    from yunying.base.actor import SYSTEM
    from yunying.platform.products.access import Permission, ProductAccess
    from yunying.platform.products.models import Organisation, Product
    from yunying.store import open_store

    product = Product.objects.create(organisation=Organisation.objects.create(name="Tea"), slug="tea", name="Tea")
    store = open_store(_url(), memory_mb=512)
    store.migrate()
    store.close()
    rows = (f"order,2026-01-{1 + n % 28:02d} 08:00:00,u{n % 700},{n}\n" for n in range(ROWS))
    content = ("event,time,who,n\n" + "".join(rows)).encode()
    access = ProductAccess(product, SYSTEM, frozenset(Permission))
    run = services.draft_from_upload(access=access, upload=storage.store_upload("orders.csv", [content], len(content)))
    services.choose_document(access=access, run=run, document=MAPPING)
    services.start(access=access, run=ImportRun.objects.get(pk=run.pk))


def work(folder: Path) -> None:
    from django.conf import settings

    from yunying.apps.tracking.importing import readers
    from yunying.platform.jobs import runner
    from yunying.store import erasing, open_store, use

    readers.BLOCK_BYTES = 8 << 10
    erasing.SLICE_EVENTS = ROWS // SLICES
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    store = open_store(_url(), memory_mb=512)
    use(store)
    pace = runner.Pace(poll_s=0.1, queue_poll_s=0.1, beat_s=0.3, look_s=0.3, dead_after_s=1.5, lost_after_s=0.5)
    runner.start(settings.CONFIG, pace)
    told.wait()
    runner.stop(20)
    store.close()


def read(folder: Path) -> None:
    from yunying.apps.tracking.importing.models import ImportRun
    from yunying.store import Sql, open_store

    store = open_store(_url(), memory_mb=512)
    counted = Sql("SELECT toString(uuid), count() FROM events FINAL GROUP BY uuid")
    rows = store.query(counted).rows
    run = ImportRun.objects.get()
    told = {"status": run.status, "events": run.events, "repeated": run.repeated, "errors": run.errors}
    store.take_back(run.product_id, run.pk, noted=run.events)
    left = len(store.query(counted).rows)
    json.dump({"counts": sorted({count for _, count in rows}), "ids": len(rows), "left": left, **told}, sys.stdout)
    store.close()


def back(folder: Path) -> None:
    from yunying.apps.tracking.importing import services
    from yunying.apps.tracking.importing.models import ImportRun
    from yunying.base.actor import SYSTEM
    from yunying.platform.products.access import Permission, ProductAccess
    from yunying.store import open_store, use

    store = open_store(_url(), memory_mb=512)
    use(store)
    run = ImportRun.objects.get()
    services.take_back(access=ProductAccess(run.product, SYSTEM, frozenset(Permission)), run=run)
    store.close()


def left(folder: Path) -> None:
    from yunying.apps.tracking.importing.models import ImportRun
    from yunying.apps.tracking.models import EventDefinition
    from yunying.store import Sql, open_store

    store = open_store(_url(), memory_mb=512)
    events, noted = (
        store.query(Sql(f"SELECT count() FROM {table} FINAL")).one()[0] for table in ("events", "imported")
    )
    told = {"status": ImportRun.objects.get().status, "volume": EventDefinition.objects.get(name="order").volume}
    json.dump({"events": events, "noted": noted, **told}, sys.stdout)
    store.close()


def _url() -> str:
    from yunying.config import Config

    return Config.from_env().events_url


if __name__ == "__main__":
    command, where = sys.argv[1:]
    os.environ |= {"YUNYING_DATA_DIR": where, "DJANGO_SETTINGS_MODULE": "yunying.settings"}
    django.setup()
    {"make": make, "work": work, "read": read, "back": back, "left": left}[command](Path(where))

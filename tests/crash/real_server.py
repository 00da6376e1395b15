"""The whole program for the crash tests.

`make <folder>` sets it up, `serve <folder> <port>` runs it, `collect <folder> <port>` only takes events in, with the
environment's spool, and `read <folder>` prints how often each event id is in the store, as reports see it.
"""

import json
import os
import sys

KEY = "yk_test"


def make() -> None:
    from django.core.management import call_command

    from yunying.config import Config
    from yunying.store import open_store

    call_command("migrate", interactive=False, verbosity=0)
    from yunying.platform.products.models import Organisation, Product, WriteKey

    product = Product.objects.create(
        organisation=Organisation.objects.create(name="Tea House"), slug="tea", name="Tea House"
    )
    WriteKey.objects.create(product=product, name="load", token=KEY)
    store = open_store(Config.from_env().events_url, memory_mb=512, timeout_s=30)
    store.migrate()
    store.close()


def serve() -> None:
    from yunying import roles
    from yunying.config import Config

    roles.serve(Config.from_env())


def collect() -> None:
    from yunying import roles
    from yunying.config import Config

    roles.collect(Config.from_env())


def read() -> None:
    from yunying.config import Config
    from yunying.store import Sql, open_store

    store = open_store(Config.from_env().events_url, memory_mb=512, timeout_s=30)
    rows = store.query(Sql("SELECT toString(uuid), count() FROM events FINAL GROUP BY uuid")).rows
    json.dump(dict(rows), sys.stdout)
    store.close()


if __name__ == "__main__":
    command, folder, *rest = sys.argv[1:]
    os.environ |= {"YUNYING_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "yunying.settings"}
    os.environ["YUNYING_PORT"] = rest[0] if rest else "0"
    if command == "make":
        import django

        django.setup()
    {"make": make, "serve": serve, "collect": collect, "read": read}[command]()

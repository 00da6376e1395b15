"""Importing on this machine: `python -m tools.bench.importing [rows]`.

Rows/s of the whole way: CSV file of made-up order lines → mapping → Ingest → embedded store; and the memory the
process needed at most, which must not grow with the file.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

MAPPING = {
    "source": "bench",
    "group": ["order"],
    "columns": {"quantity": "integer", "price": "number"},
    "time": "at",
    "distinct_id": "customer",
    "events": [
        {"name": "item", "id": ["order", "#"], "properties": ["product", "quantity", "price", "country"]},
        {
            "name": "order",
            "per": "group",
            "id": ["order"],
            "properties": {"revenue": {"times": ["quantity", "price"], "of": "sum"}, "lines": {"of": "count"}},
        },
    ],
}


def write_file(path: Path, rows: int) -> None:
    with path.open("w") as file:
        file.write("order,product,quantity,price,at,customer,country\n")
        for i in range(rows):
            order = i // 12
            at = f"2025-{order // 2500 % 12 + 1:02d}-{order % 28 + 1:02d} {order % 24:02d}:00:00"
            file.write(
                f"{order},p{i * 7919 % 4000},{i % 9 + 1},{i % 400 / 10},{at},c{order * 31 % 6000},C{order % 40}\n"
            )


def main(rows: int = 500_000) -> None:
    with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
        os.environ["YUNYING_DATA_DIR"] = folder
        from yunying.config import Config
        from yunying.process import ready_django, ready_store

        ready_django(migrate=True)
        from yunying.apps.tracking.importing.mapping import parse
        from yunying.apps.tracking.importing.runner import import_file
        from yunying.apps.tracking.ingest import Ingest
        from yunying.base.actor import SYSTEM
        from yunying.platform.products.models import Organisation, Product

        product = Product.objects.create(organisation=Organisation.objects.create(name="Bench"), slug="b", name="Bench")
        path = Path(folder, "lines.csv")
        write_file(path, rows)
        with ready_store(Config.from_env(), migrate=True):
            begun, cpu = time.perf_counter(), time.process_time()
            run = import_file(actor=SYSTEM, product=product, path=path, mapping=parse(MAPPING), sink=Ingest())
            took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"import: {rows:,} rows, {run.events:,} events in {took:.1f} s: {rows / took:,.0f} rows/s, "
            f"{run.events / took:,.0f} events/s, {cpu / run.events * 1e6:.1f} µs CPU per event, {peak_mb} MB at most",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))

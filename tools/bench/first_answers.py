"""Report pages that nobody asked for before: `python -m tools.bench.first_answers [rows]` (default 10 000 000).

The whole way of a page, from the request to the last byte, without the network: session, access, engine, chart, table.
Every ask has another range, so that no answer is kept from an earlier one. 20 asks a page; p95 beside its aim.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

ASKS = 20
_VISIT: dict[str, Any] = {"event": "visit"}
_STEPS = [{"events": [{"event": name}]} for name in ("visit", "cart", "order")]
# Page -> question without its range, aim for p95 in ms.
PAGES: dict[str, tuple[str, dict[str, Any], float]] = {
    "trends, people by source": (
        "trends",
        {"kind": "trends", "series": [_VISIT | {"measure": "people"}], "breakdown": [{"property": "utm_source"}]},
        500,
    ),
    "trends, two series and a formula": (
        "trends",
        {"kind": "trends", "series": [{"event": "order"}, _VISIT | {"measure": "people"}], "formula": "A/B"},
        500,
    ),
    "funnel of 3": ("funnels", {"kind": "funnel", "window": {"count": 7, "unit": "day"}, "steps": _STEPS}, 1000),
    "retention by week": (
        "retention",
        {"kind": "retention", "period": "week", "start": _VISIT, "return": {"event": "order"}},
        1000,
    ),
}


def main(rows: int = 10_000_000) -> int:
    with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
        os.environ["YUNYING_DATA_DIR"] = folder
        from yunying.config import Config
        from yunying.process import ready_django, ready_store

        ready_django(migrate=True)
        with ready_store(Config.from_env(), migrate=True) as store:
            from tools.bench.peers import data

            client = signed_in(rows)
            data.fill_ours(store, rows)
            print(f"{rows:,} events, {ASKS} asks a page, ms from the request to the end of the answer")
            print(f"  {'':<36} {'first':>8} {'p50':>8} {'p95':>8} {'aim':>6}")
            failed = [line(client, name, *page) for name, page in PAGES.items()]
    return 1 if any(failed) else 0


def signed_in(rows: int) -> Any:
    """A browser of the owner of the only product, which is number 1 as the events are."""
    from django.test import Client

    from yunying.apps.tracking.models import EventDefinition
    from yunying.platform.accounts.models import User
    from yunying.platform.products.models import Member, Organisation, Product

    user = User.objects.create_user(email="bench@example.org", password=None)
    organisation = Organisation.objects.create(name="Bench")
    Product.objects.create(pk=1, organisation=organisation, slug="bench", name="Bench")
    Member.objects.create(organisation=organisation, user=user, role="owner")
    seen = {"first_seen": datetime(2025, 1, 1, tzinfo=UTC), "last_seen": datetime(2025, 2, 25, tzinfo=UTC)}
    for name in ("visit", "cart", "order", "login", "share"):
        EventDefinition.objects.create(product_id=1, name=name, volume=rows // 5, **seen)
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def line(client: Any, name: str, page: str, question: dict[str, Any], aim_ms: float) -> bool:
    """Ask one page and print its line; whether an answer was no page with numbers."""
    taken = []
    for number in range(ASKS + 1):
        start = date(2025, 1, 6) + timedelta(days=number % 20)
        until = start + timedelta(days=27 - number % 3)
        spec = question | {"range": {"from": start.isoformat(), "to": until.isoformat()}}
        begun = time.perf_counter()
        answer = client.get(f"/p/bench/insights/{page}/", {"spec": json.dumps(spec)})
        taken.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200 or b"<table" not in answer.content:
            print(f"  {name}: {answer.status_code}, and no table in it")
            return True
    first, rest = taken[0], taken[1:]
    p95 = statistics.quantiles(rest, n=20)[-1]
    mark = "" if p95 <= aim_ms else "  above"
    print(f"  {name:<36} {first:8.0f} {statistics.median(rest):8.0f} {p95:8.0f} {aim_ms:6.0f}{mark}")
    return False


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))

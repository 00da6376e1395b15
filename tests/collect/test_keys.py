"""The contract between the collector's plain SELECT and the model behind it."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tests.collect.harness import make_keys
from tests.conftest import Cast
from yunying.base.clock import now
from yunying.collect import keys
from yunying.collect.keys import SELECT, KeyDirectory
from yunying.platform.products.models import Product, Sender, WriteKey


@pytest.mark.django_db
def test_the_select_reads_the_table_of_the_model(people: Cast) -> None:
    for model, wanted in (
        (WriteKey, {"token", "product_id", "revoked_at"}),
        (Sender, {"protocol", "name", "product_id"}),
        (Product, {"id", "slug"}),
    ):
        assert model._meta.db_table in SELECT
        assert wanted <= {field.column for field in model._meta.concrete_fields}
    WriteKey.objects.create(product=people.product, name="a", token="yk_a")
    WriteKey.objects.create(product=people.other, name="b", token="yk_b", revoked_at=now())
    Sender.objects.create(product=people.other, protocol="matomo", name="3")
    with connection.cursor() as cursor:
        cursor.execute(SELECT)
        assert set(cursor.fetchall()) == {
            ("yk_a", people.product.pk),
            ("matomo:3", people.other.pk),
            *((f"product:{product.slug}", product.pk) for product in Product.objects.all()),
        }


def test_a_store_that_is_away_keeps_the_last_snapshot(tmp_path: Path) -> None:
    file = tmp_path / "keys.sqlite3"
    directory = KeyDirectory(make_keys(file, {"k": 1}), max_age_s=0.0, miss_gap_s=0.0)
    assert directory.product_of("k") == 1
    file.unlink()
    assert directory.product_of("k") == 1
    assert directory.product_of("other") is None


def test_unknown_keys_do_not_become_a_query_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(keys, "_select", lambda url: asked.append(url) or [])
    directory = KeyDirectory("sqlite:////nowhere", miss_gap_s=60.0)
    for number in range(50):
        assert directory.product_of(f"guess-{number}") is None
    assert len(asked) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not os.environ.get("YUNYING_TEST_DATABASE_URL"), reason="needs a PostgreSQL server")
def test_keys_are_read_from_postgresql(people: Cast) -> None:
    WriteKey.objects.create(product=people.product, name="a", token="yk_a")
    at = connection.settings_dict
    user, password = quote(at["USER"]), quote(at["PASSWORD"])
    host = f"{at['HOST']}:{at['PORT']}" if at["PORT"] else at["HOST"]
    directory = KeyDirectory(f"postgres://{user}:{password}@{host}/{at['NAME']}")
    assert directory.product_of("yk_a") == people.product.pk

"""A backup restores into an empty place, and every report there is the one it was."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.fresh import make_installation

pytestmark = pytest.mark.long

# Makes an installation: two people who become one, a metric, a goal, a spool with something in it; then prints what
# reports say. The same questions are asked again after the restore.
BUILD = """
import json, sys
from pathlib import Path
from yunying.config import Config
from yunying.process import ready_django, ready_store
ready_django(migrate=True)
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.runner import import_file
from yunying.apps.insights.cohorts import lists
from yunying.apps.insights.models import Cohort
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.selectors import numbers_of_ids
from yunying.base.actor import SYSTEM
from yunying.events.event import Event, Link, LinkKind
from yunying.platform.products.models import Organisation, Product
config = Config.from_env()
folder = Path(sys.argv[1])
product = Product.objects.create(
    organisation=Organisation.objects.create(name="Tea House"), slug="tea", name="茶馆", timezone="Asia/Shanghai"
)
rows = [
    {"at": f"2026-03-{1 + i % 5:02d}T0{i % 9}:00:00Z", "who": f"u{i % 7}", "amount": i}
    | {"city": ["上海", "Paris"][i % 2]}
    for i in range(500)
]
(folder / "orders.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\\n" for row in rows))
mapping = parse({
    "columns": {"amount": "number"}, "time": "at", "distinct_id": "who",
    "events": [{"name": "order", "properties": ["amount", "city"], "person": {"set": ["city"]}}],
})
with ready_store(config, migrate=True) as store:
    import_file(actor=SYSTEM, product=product, path=folder / "orders.jsonl", mapping=mapping, sink=Ingest())
    link = Event(product.pk, "01890000-0000-7000-8000-000000000001", "$identify", "u1", 1772600000000, 1772600000000)
    link.links.append(Link(LinkKind.IDENTIFY, "u0", "u1"))
    Ingest().write([link], token="link")
    store.promote("city", "text")
    numbers = numbers_of_ids(product.pk, ["u1", "u2"]).values()
    lists.write(product.pk, Cohort.objects.create(product=product, name="Guests", kind="list").pk, numbers)
spool = config.path(config.spool_url)
spool.mkdir(parents=True, exist_ok=True)
(spool / "waiting").write_bytes(b"accepted, not yet stored")
"""

ASK = """
import json
from zoneinfo import ZoneInfo
from yunying.base import clock
from yunying.config import Config
from yunying.process import ready_django, ready_store
ready_django()
from yunying.apps.insights.cohorts.selectors import KnownCohorts
from yunying.apps.insights.models import Cohort
from yunying.apps.tracking.selectors import catalogue_for, people
from yunying.engine import Context, parse, run
from yunying.platform.products.models import Product
config = Config.from_env()
product = Product.objects.get(slug="tea")
whole = {"from": "2026-03-01", "to": "2026-03-06"}
QUESTIONS = [
    {"series": [{"event": "order", "measure": "count"}, {"event": "order", "measure": "people"}]},
    {"series": [{"event": "order", "measure": "sum", "property": "amount"}],
     "breakdown": [{"of": "event", "property": "city"}]},
    {"series": [{"event": "order", "measure": "people"}], "breakdown": [{"of": "person", "property": "city"}]},
    {"series": [{"event": "order", "measure": "count"}],
     "filters": [{"operator": "in_cohort", "values": [Cohort.objects.get(name="Guests").pk]}]},
]
with ready_store(config) as store:
    ctx = Context(store=store, product=product.pk, zone=ZoneInfo(product.timezone), week_start=product.week_start,
                  now=clock.now(), catalogue=catalogue_for(product.pk), memory_mb=512, timeout_s=30,
                  cohorts=KnownCohorts(product.pk))
    answers = []
    for question in QUESTIONS:
        answer = run(parse({"kind": "trends", "range": whole, "interval": "day"} | question), ctx).to_json()
        answer.pop("provenance")
        answers.append(answer)
print(json.dumps({"product": product.name, "secret": config.secret_key, "answers": answers}, sort_keys=True))
"""


def python(code: str, data: Path, *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YUNYING_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=clean | {"YUNYING_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "yunying.settings"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def yunying(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YUNYING_")}
    return subprocess.run(
        [sys.executable, "-m", "yunying.cli", *arguments],
        env=clean | {"YUNYING_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "yunying.settings"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_installation(tmp_path_factory.mktemp("installation"))
    python(BUILD, folder, str(folder))
    done = yunying(folder, "backup", str(folder / "all.zip"))
    assert done.returncode == 0, done.stderr
    return folder


def test_a_restored_installation_answers_every_report_the_same(installation: Path, tmp_path: Path) -> None:
    before = json.loads(python(ASK, installation))
    assert "500" in json.dumps(before["answers"][0])
    done = yunying(tmp_path, "restore", str(installation / "all.zip"))
    assert done.returncode == 0, done.stderr
    assert json.loads(python(ASK, tmp_path)) == before
    assert (tmp_path / "spool/waiting").read_bytes() == b"accepted, not yet stored"

    again = yunying(tmp_path, "restore", str(installation / "all.zip"))
    assert again.returncode == 4
    assert "already holds data" in again.stderr


def test_only_the_owner_may_read_a_backup(installation: Path) -> None:
    assert stat.S_IMODE((installation / "all.zip").stat().st_mode) == 0o600


def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    make_installation(tmp_path)
    (tmp_path / "other.zip").write_bytes(b"not a zip")
    done = yunying(tmp_path, "restore", str(tmp_path / "other.zip"))
    assert done.returncode == 2
    assert "is no backup of Yunying" in done.stderr


def test_a_backup_that_reaches_outside_its_folder_is_refused(installation: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(installation / "all.zip") as good, zipfile.ZipFile(evil, "w") as bad:
        for member in good.namelist():
            bad.writestr(member, good.read(member))
        bad.writestr("files/../../outside", b"x")
    data = make_installation(tmp_path / "data")
    assert yunying(data, "restore", str(evil)).returncode == 2
    assert not (tmp_path / "outside").exists()

"""The REST API of imports."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from yunying.apps.tracking.importing.models import ImportRun
from yunying.platform.jobs.testing import drain

if TYPE_CHECKING:
    from django.test import Client

    from yunying.platform.products.models import Product
    from yunying.store import Store

VISITS = "event,time,user_id,page\n" + "".join(f"visit,2026-01-0{d} 08:00:00,u{d},/p{d}\n" for d in range(1, 6))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


class Caller:
    def __init__(self, browser: "Client", product: "Product") -> None:
        self._browser, self._base = browser, f"/api/v1/products/{product.slug}/data/imports"

    def __call__(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        data = raw if raw is not None else json.dumps(body) if body is not None else ""
        kind = "application/octet-stream" if raw is not None else "application/json"
        answer = self._browser.generic(method, self._base + path, data, content_type=kind)
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture
def call(browser: "Client", product: "Product") -> Caller:
    return Caller(browser, product)


def test_a_file_is_brought_checked_imported_and_taken_back(call: Caller, store: "Store", ask: Any) -> None:
    status, draft = call("POST", "/upload?name=visits.csv", raw=(VISITS + "visit,never,u9,/\n").encode())
    assert (status, draft["status"]) == (201, "draft")
    assert draft["mapping"]["events"][0]["properties"] == {"page": "page"}
    number = draft["id"]
    assert call("GET", f"/{number}/preview")[1][0]["events"][0]["distinct_id"] == "u1"

    assert call("POST", f"/{number}/check")[0] == 202
    drain()
    assert call("GET", f"/{number}")[1]["check"]["good_rows"] == 5
    fault = {"row": 6, "column": "time", "value": "never", "reason": "not a time of this format"}
    assert call("GET", f"/{number}/errors")[1] == [fault]

    mapping = draft["mapping"] | {"distinct_id": {"template": "user-{user_id}"}}
    assert call("PUT", f"/{number}/mapping", {"mapping": mapping})[1]["mapping"] == mapping
    assert call("POST", f"/{number}/start", {})[1]["status"] == "running"
    drain()
    done = call("GET", f"/{number}")[1]
    assert (done["status"], done["events"], done["errors"], done["names"]) == ("done", 5, 1, {"visit": 5})
    rows = ask("SELECT distinct_id FROM events WHERE product = {product:UInt32} ORDER BY distinct_id")
    assert rows[0] == ("user-u1",)

    assert call("POST", f"/{number}/take-back")[1]["status"] == "taking_back"
    drain()
    assert ask("SELECT count() FROM events WHERE product = {product:UInt32}") == [(0,)]
    assert call("GET", "")[1]["count"] == 1


def test_a_mapping_that_is_wrong_names_its_entry(call: Caller) -> None:
    number = call("POST", "/upload?name=visits.csv", raw=VISITS.encode())[1]["id"]
    status, problem = call("PUT", f"/{number}/mapping", {"mapping": {"time": "time", "events": [{"name": "visit"}]}})
    assert status == 400
    assert "distinct_id" in json.dumps(problem)


def test_a_file_that_is_none_is_refused(call: Caller) -> None:
    status, problem = call("POST", "/upload?name=x.csv", raw=b"")
    assert (status, problem["code"]) == (400, "import.empty")
    assert not ImportRun.objects.exists()


def test_a_draft_can_be_deleted(call: Caller, tmp_path: Path) -> None:
    number = call("POST", "/upload?name=visits.csv", raw=VISITS.encode())[1]["id"]
    assert call("DELETE", f"/{number}")[0] == 204
    assert call("GET", f"/{number}")[0] == 404
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]

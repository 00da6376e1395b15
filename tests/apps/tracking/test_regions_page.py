"""Region files: uploaded, tried and removed by those who look after the installation."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.region_files import write_mmdb, write_xdb
from yunying.apps.tracking import regions
from yunying.platform.audit.models import Entry

URL = "/regions/"


@pytest.fixture
def keeper(people: Any, as_user: Any, settings: Any, tmp_path: Path) -> Any:
    settings.MEDIA_ROOT = tmp_path / "files"
    people.ada.is_staff = True
    people.ada.save()
    return as_user(people.ada)


@pytest.fixture
def xdb(tmp_path: Path) -> bytes:
    return write_xdb(tmp_path / "x", {("1.0.8.0", "1.0.15.255"): "中国|广东省|深圳市|电信|CN"}).read_bytes()


def upload(keeper: Any, content: bytes, name: str = "my file.xdb") -> Any:
    return keeper.post(URL, {"file": SimpleUploadedFile(name, content)})


def test_a_file_is_uploaded_tried_and_removed(keeper, xdb, settings) -> None:
    assert "None yet" in keeper.get(URL).content.decode()
    assert upload(keeper, xdb)["Location"] == URL
    assert [path.name for path in (settings.MEDIA_ROOT / "regions").iterdir()] == ["ip2region-4.xdb"]
    assert Entry.objects.get(verb="region_file.uploaded").after["file"] == "my file.xdb"
    page = keeper.get(URL, {"address": "1.0.9.9"}).content.decode()
    assert "深圳市" in page and "CN" in page
    assert "private" not in page
    assert "such have no region" in keeper.get(URL, {"address": "10.0.0.1"}).content.decode()
    assert "No file knows" in keeper.get(URL, {"address": "9.9.9.9"}).content.decode()
    assert keeper.post(reverse("regions:remove", args=["ip2region-4.xdb"]))["Location"] == URL
    assert not list((settings.MEDIA_ROOT / "regions").iterdir())
    assert keeper.post(reverse("regions:remove", args=["ip2region-4.xdb"])).status_code == 404


def test_each_kind_has_its_place(keeper, xdb, tmp_path, settings) -> None:
    upload(keeper, xdb)
    upload(keeper, write_mmdb(tmp_path / "m", {"2.0.0.0/8": {"country": {"iso_code": "FR"}}}).read_bytes())
    upload(keeper, write_xdb(tmp_path / "y", {("2400::", "2400:0:ffff::"): "日本|东京|0|0|JP"}).read_bytes())
    assert [slot.facts.kind for slot in regions.slots() if slot.facts] == ["ip2region", "ip2region", "Test-City"]


def test_what_is_no_region_file_is_refused_and_leaves_the_old_one(keeper, xdb, settings) -> None:
    upload(keeper, xdb)
    for content in (b"no such thing", b"\0" * 600_000):
        response = upload(keeper, content)
        assert response.status_code == 422
        assert "neither a whole .xdb file" in response.content.decode()
    assert [path.name for path in (settings.MEDIA_ROOT / "regions").iterdir()] == ["ip2region-4.xdb"]
    assert "深圳市" in keeper.get(URL, {"address": "1.0.9.9"}).content.decode()


def test_a_file_that_is_too_large_is_refused(keeper, xdb, monkeypatch) -> None:
    monkeypatch.setattr(regions, "LARGEST_BYTES", 1000)
    response = upload(keeper, xdb)
    assert response.status_code == 422 and "larger than" in response.content.decode()
    assert not [slot for slot in regions.slots() if slot.facts]


@pytest.mark.parametrize("name", ["..", "passwd", ".hidden"])
def test_other_files_are_out_of_reach(keeper, name) -> None:
    assert keeper.post(f"/regions/{name}/remove/").status_code == 404


def test_others_see_no_such_page(people, as_user) -> None:
    assert as_user(people.chen).get(URL).status_code == 404
    assert as_user(people.bo).post(URL, {}).status_code == 404

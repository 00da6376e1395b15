"""The collector serves yunying.js: small, kept by browsers, and asked for again only when it changed."""

import gzip
import hashlib
import re
import urllib.request
from pathlib import Path

import brotli
import pytest

from tests.collect.harness import Live
from yunying.apps.tracking.live.snippets import way
from yunying.events import channels
from yunying.events.protocols import script

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "sdk/browser/yunying.js"
PAGES = [ROOT / f"docs/user/sdks/yunying-js{language}.md" for language in ("", ".zh-hans")]
MAX_BYTES = 5 * 1024


def made() -> script.Script:
    found = script.load(script.FILE)
    assert found, "tools/vendor.py makes it"
    return found


def test_the_whole_script_is_five_kibibytes_at_most() -> None:
    assert len(made().bodies["gzip"]) <= MAX_BYTES


def test_the_script_says_the_version_of_its_source() -> None:
    assert f'VERSION = "{made().version}"' in SOURCE.read_text(encoding="utf-8")


def test_the_script_knows_the_click_ids_that_channels_are_made_of() -> None:
    found = re.search(r"const CLICK_IDS =\s+/\^\(([\w|]+)\)\$/", SOURCE.read_text(encoding="utf-8"))
    assert found
    assert set(found.group(1).split("|")) == set(channels.CLICK_IDS)


def test_the_script_needs_no_right_that_a_strict_policy_refuses() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|new Function|innerHTML|document\.write|\.style\b|setTimeout\(['\"`]", source)


@pytest.mark.parametrize(("asked", "coding"), [("", ""), ("gzip, deflate", "gzip"), ("gzip, br;q=0.9", "br")])
def test_the_script_comes_in_the_encoding_asked_for(server: Live, asked: str, coding: str) -> None:
    answer = server.send("/yunying.js", method="GET", accept_encoding=asked)
    unpack = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}[coding]
    assert unpack(answer.body) == script.FILE.read_bytes()
    assert answer.headers.get("content-encoding", "") == coding
    assert (answer.headers["content-type"], answer.headers["vary"]) == (
        "text/javascript; charset=utf-8",
        "Accept-Encoding",
    )
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_encoding_with_weight_zero_is_not_used(server: Live) -> None:
    answer = server.send("/yunying.js", method="GET", accept_encoding="br;q=0, gzip;q=0.0")
    assert "content-encoding" not in answer.headers


def test_any_origin_may_read_the_script_from_any_cache(server: Live) -> None:
    for headers in ({}, {"origin": "https://shop.example"}):
        answer = server.send("/yunying.js", method="GET", **headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_the_address_with_the_version_is_kept_for_a_year_and_the_others_for_an_hour(server: Live) -> None:
    addresses = ("/yunying.js", f"/static/yunying/{made().version}/yunying.js", "/static/yunying/0.0.1/yunying.js")
    answers = [server.send(address, method="GET") for address in addresses]
    assert [answer.headers["cache-control"] for answer in answers] == [script.SHORT, script.LONG, script.SHORT]
    assert len({hashlib.sha256(answer.body).hexdigest() for answer in answers}) == 1


def test_who_has_the_script_is_told_so_without_a_body(server: Live) -> None:
    tag = server.send("/yunying.js", method="GET", accept_encoding="br").headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = server.send("/yunying.js", method="GET", accept_encoding="br", if_none_match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["cache-control"] == script.SHORT
    assert server.send("/yunying.js", method="GET", accept_encoding="gzip", if_none_match=tag).status == 200


def test_head_gives_the_headers_alone(server: Live) -> None:
    with urllib.request.urlopen(urllib.request.Request(server.base + "/yunying.js", method="HEAD")) as answer:
        assert (answer.status, answer.read()) == (200, b"")
        assert int(answer.headers["content-length"]) == len(made().bodies[""])


def test_an_installation_without_the_script_says_what_to_do(
    server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "FILE", tmp_path / "yunying.js")
    answer = server.send("/yunying.js", method="GET")
    assert answer.status == 404
    assert b"Run tools/vendor.py" in answer.body
    assert answer.headers["cache-control"] == "no-store"


def test_a_script_that_appears_later_is_found(tmp_path: Path) -> None:
    path = tmp_path / "yunying.js"
    assert script.load(path) is None
    path.write_text("/*! yunying.js 9.8.7 | Apache-2.0 */\n")
    assert (found := script.load(path)) and found.version == "9.8.7"


def test_pages_without_consent_are_one_visitor_for_a_day(server: Live) -> None:
    for _ in range(2):
        event = {"event": "$pageview", "cookieless": True}
        assert server.send("/v1/events?key=yk_test", event, origin="https://shop.example").status == 200
    first, second = server.events(2)
    assert first.distinct_id == second.distinct_id
    assert first.distinct_id.startswith("visitor-")


def test_an_event_without_id_is_refused_if_it_does_not_say_so(server: Live) -> None:
    answer = server.send("/v1/events?key=yk_test", {"event": "$pageview", "cookieless": False})
    assert [one["code"] for one in answer.json()["refused"]] == ["id.missing"]


def rows(page: Path) -> set[str]:
    """What stands in backquotes in the first cells of the tables."""
    cells = re.findall(r"^\| ([^|]+) \|", page.read_text(encoding="utf-8"), re.M)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_call_setting_event_and_mark_of_the_script_is_documented(page: Path) -> None:
    source, told = SOURCE.read_text(encoding="utf-8"), rows(page)
    settings = set(re.findall(r"options\.(\w+)", source))
    calls = set(re.findall(r"^    (\w+):", source[source.index("const calls") : source.index("const init")], re.M))
    events = set(re.findall(r"""capture\(\s*"(\$\w+)\"""", source))
    marks = set(re.findall(r"data-yy-(\w+)\b(?!-)", source))
    assert len(settings) > 15 and len(calls) > 10 and len(events) > 10 and len(marks) > 3
    assert settings <= told
    assert calls | {"init"} <= {re.split(r"\W", name)[0] for name in told}
    assert events <= told
    assert {f"data-yy-{mark}" for mark in marks} <= {re.split(r"[=\s]", name)[0] for name in told}
    assert "data-yy-prop-plan" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_property_of_the_script_is_documented(page: Path) -> None:
    source, text = SOURCE.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")
    names = set(re.findall(r"^ +(\$\w+):|\{ (\$\w+):", source, re.M))
    assert len(names) > 20
    assert not [name for pair in names for name in pair if name and f"`{name}`" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documented_snippet_is_the_one_of_the_set_up_page(page: Path) -> None:
    (_, _, text), *_ = way("script").filled("https://your.host", "yk_…")
    assert f"```html\n{text}\n```" in page.read_text(encoding="utf-8")

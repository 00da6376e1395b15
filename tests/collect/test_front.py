import asyncio
from typing import Any

import pytest

from tests.collect.harness import live
from yunying.front import MAX_PAGE_BODY_BYTES, Front

Answer = tuple[int, bytes]


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("content-type", "text/plain")])
    forged = environ.get("HTTP_X_FORWARDED_FOR", "none")
    return [body, b"|", environ["PATH_INFO"].encode(), b"|", forged.encode()]


def ask(
    front: Front, path: str, chunks: list[bytes], headers: list[tuple[bytes, bytes]] | None = None, *, cut: bool = False
) -> Answer:
    """One request, its body in `chunks`, straight into the ASGI application; `cut`: the client leaves early."""
    last = len(chunks) - 1
    waiting = [{"type": "http.request", "body": c, "more_body": cut or n < last} for n, c in enumerate(chunks)]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers or [],
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(front(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_a_page_gets_a_chunked_body_whole() -> None:
    front = Front(collector=None, wsgi=echo)
    assert ask(front, "/p/tea/", [b"one ", b"two ", b"three"]) == (200, b"one two three|/p/tea/|none")


def test_a_header_with_an_underscore_cannot_pose_as_another() -> None:
    front = Front(collector=None, wsgi=echo)
    assert ask(front, "/", [b"x"], [(b"x_forwarded_for", b"203.0.113.9")])[1].endswith(b"|none")


def test_a_page_body_has_a_limit() -> None:
    front = Front(collector=None, wsgi=echo)
    half = b"x" * (MAX_PAGE_BODY_BYTES // 2)
    assert ask(front, "/", [half, half, b"x"])[0] == 413


def test_health_is_answered_without_the_pages() -> None:
    assert ask(Front(collector=None, wsgi=None), "/healthz", [b""]) == (200, b"ok\n")


def test_a_collector_alone_has_no_pages() -> None:
    assert ask(Front(collector=None, wsgi=None), "/p/tea/", [b""])[0] == 404


def test_a_failing_page_does_not_count_as_still_working() -> None:
    def broken(environ: Any, start_response: Any) -> list[bytes]:
        raise RuntimeError("page")

    front = Front(collector=None, wsgi=broken)
    with pytest.raises(RuntimeError):
        ask(front, "/", [b""])
    assert front.close()


def test_events_and_pages_share_one_port(tmp_path: Any) -> None:
    with live(tmp_path, wsgi=echo) as server:
        assert server.send("/some/page", b"hello").body == b"hello|/some/page|none"
        assert server.send("/v1/events", b"{}").status == 401


UPLOAD = "/p/tea/data/imports/upload/"


def told(*parts: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", str(sum(map(len, parts))).encode())]


def test_a_file_for_the_import_is_handed_on_in_pieces() -> None:
    pieces: list[int] = []

    def reading(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        left = int(environ["CONTENT_LENGTH"])
        while left:
            pieces.append(len(environ["wsgi.input"].read(min(left, 1 << 20))))
            left -= pieces[-1]
        start_response("200 OK", [])
        return [b"done"]

    parts = [b"x" * (8 << 20)] * 9
    assert ask(Front(collector=None, wsgi=reading), UPLOAD, parts, told(*parts)) == (200, b"done")
    assert sum(pieces) > MAX_PAGE_BODY_BYTES


def test_half_a_file_is_not_taken_for_a_whole_one() -> None:
    with pytest.raises(ConnectionError):
        ask(Front(collector=None, wsgi=echo), UPLOAD, [b"half"], told(b"half", b"half"), cut=True)


def test_an_upload_has_to_say_how_long_it_is() -> None:
    assert ask(Front(collector=None, wsgi=echo), UPLOAD, [b"x"])[0] == 411

"""The example configurations of proxies can be read by what reads them, and say what the installation needs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crossplane

EXAMPLES = Path(__file__).resolve().parent.parent / "docs/operator/examples"
UPLOADS = "^(/api/v1/products/[^/]+/data|/p/[^/]+/data)/imports/upload/?$"
COLLECTED = 20 << 20


def flat(block: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for one in block:
        yield one["directive"], one["args"]
        yield from flat(one.get("block", []))


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([a-zA-Z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) << {"m": 20, "g": 30}[unit[0].lower()]


def test_nginx_understands_its_example(tmp_path: Path) -> None:
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"events {{}}\nhttp {{ include {EXAMPLES / 'nginx.conf'}; }}\n")
    read = crossplane.parse(str(whole), catch_errors=False)
    found = list(flat(read["config"][1]["parsed"]))
    assert read["status"] == "ok" and not read["errors"]
    values = {(name, *args) for name, args in found}
    assert ("proxy_set_header", "X-Forwarded-For", "$remote_addr") in values
    assert ("proxy_set_header", "X-Forwarded-Proto", "$scheme") in values
    assert ("proxy_request_buffering", "off") in values and ("location", "~", UPLOADS) in values
    assert min(size(args[0]) for name, args in found if name == "client_max_body_size") >= COLLECTED
    logged = " ".join(args[1] for name, args in found if name == "log_format")
    assert not {"$request", "$request_uri", "$args", "$query_string"} & set(re.findall(r"\$\w+", logged))


def test_caddy_understands_its_example() -> None:
    lines = (EXAMPLES / "Caddyfile").read_text().splitlines()
    depth = 0
    for line in (line.strip() for line in lines if not line.lstrip().startswith("#")):
        depth += line.endswith("{") - (line == "}")
        assert depth >= 0, line
    assert depth == 0
    text = "\n".join(lines)
    assert "reverse_proxy 127.0.0.1:8642" in text
    assert all(size(most) >= COLLECTED for most in re.findall(r"max_size (\w+)", text))
    assert f"@uploads path_regexp {UPLOADS}" in text and f"@others not path_regexp {UPLOADS}" in text
    assert r"request>uri regexp \?.* ?…" in text


def test_the_examples_know_the_paths_of_uploads() -> None:
    from yunying.front import _UPLOADS

    assert f"^{_UPLOADS.pattern}$" == UPLOADS

"""Tiny files in the formats of ip2region and MaxMind, written here so that no third party's data is needed."""

import struct
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

BUILT_S = 1_772_712_000


class Wide(int):
    """Of 64 bits."""


class Count(int):
    """Of 32 bits."""


def write_xdb(path: Path, rows: Mapping[tuple[str, str], str], *, structure: int = 3) -> Path:
    """Rows of first and last address → text; none may reach over two of the first two bytes of an address."""
    width = ip_address(next(iter(rows))[0]).max_prefixlen // 8
    texts, segments = b"", []
    base = 256 + 256 * 256 * 8
    for (first, last), text in sorted(rows.items(), key=lambda row: ip_address(row[0][0]).packed):
        segments.append((ip_address(first).packed, ip_address(last).packed, len(text.encode()), base + len(texts)))
        texts += text.encode()
    index = base + len(texts)
    vector = [(0, 0)] * 65536
    body = b""
    for start, end, length, place in segments:
        at, slot = index + len(body), start[0] * 256 + start[1]
        body += struct.pack(
            f"<{width}s{width}sHI", *((start[::-1], end[::-1]) if width == 4 else (start, end)), length, place
        )
        vector[slot] = (vector[slot][0] or at, at)
    header = struct.pack("<HHIIIHH", structure, 1, BUILT_S, index, index + len(body), 4 if width == 4 else 6, 4)
    pointers = b"".join(struct.pack("<II", *pair) for pair in vector)
    path.write_bytes(header.ljust(256, b"\0") + pointers + texts + body)
    return path


def write_mmdb(path: Path, rows: Mapping[str, Any], *, version: int = 6) -> Path:
    """Rows of network → record, in a tree with 32 bits per pointer, as the format's description has it."""
    data, nodes = b"", [[None, None]]
    for network, record in rows.items():
        net = ip_network(network)
        bits = f"{int(net.network_address):0{net.max_prefixlen}b}"[: net.prefixlen]
        if version == 6 and net.version == 4:
            bits = "0" * 96 + bits
        node = 0
        for bit in bits[:-1]:
            if nodes[node][int(bit)] is None:
                nodes.append([None, None])
                nodes[node][int(bit)] = len(nodes) - 1
            node = nodes[node][int(bit)]
        nodes[node][int(bits[-1])] = ("data", len(data))
        data += _encode(record)
    count = len(nodes)

    def pointer(to: Any) -> int:
        return count if to is None else count + 16 + to[1] if isinstance(to, tuple) else to

    tree = b"".join(struct.pack(">II", pointer(left), pointer(right)) for left, right in nodes)
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": Wide(BUILT_S),
        "database_type": "Test-City",
        "description": {"en": "made by a test"},
        "ip_version": version,
        "languages": ["en", "zh-CN"],
        "node_count": Count(count),
        "record_size": 32,
    }
    path.write_bytes(tree + b"\0" * 16 + data + b"\xab\xcd\xefMaxMind.com" + _encode(about))
    return path


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encode(key) + _encode(item) for key, item in value.items())
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(_encode(item) for item in value)
    if isinstance(value, Wide | Count):
        return _control(9 if isinstance(value, Wide) else 6, 8 if isinstance(value, Wide) else 4) + value.to_bytes(
            8 if isinstance(value, Wide) else 4, "big"
        )
    size = (value.bit_length() + 7) // 8
    return _control(5 if size <= 2 else 6, size) + value.to_bytes(size, "big")


def _control(kind: int, size: int) -> bytes:
    first, more = (min(size, 29), bytes([size - 29]) if size >= 29 else b"")
    assert size < 29 + 256
    return bytes([(kind << 5 if kind < 8 else 0) | first]) + (b"" if kind < 8 else bytes([kind - 7])) + more

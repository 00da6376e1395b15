"""What the tests let apps say: every type of JSON, Chinese, emoji and rare characters."""

from typing import Any

__all__ = ["PAST", "PAST_MS", "VALUES", "kept_of"]

VALUES: dict[str, Any] = {
    "text": "订单 🛒 𠮷 \"quoted\" \\ \n 'line'",
    "whole": 42,
    "large": 9007199254740991,
    "negative": -7,
    "fraction": 0.1,
    "tiny": 1e-9,
    "yes": True,
    "no": False,
    "nothing": None,
    "empty": "",
    "list": [1, "二", None, {"三": [3.5, True]}],
    "object": {"城市": {"区": ["朝阳", "海淀"]}},
    "none": [],
    "键 🔑": "值",
}
PAST = "2024-02-29T23:59:59.123Z"
PAST_MS = 1_709_251_199_123


def kept_of(props: dict[str, Any]) -> dict[str, Any]:
    """Those of the properties that the app said."""
    return {name: props.get(name, "missing") for name in VALUES}

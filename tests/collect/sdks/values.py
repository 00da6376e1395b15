"""What apps put into events: every kind of JSON value, 汉字 and emoji."""

from typing import Any

__all__ = ["EVERYTHING", "IN_SCRIPTS"]

# Every kind that JavaScript knows too; the integer is the largest that it holds exactly.
IN_SCRIPTS: dict[str, Any] = {
    "text": "北京 🚀 𠮷 é",
    "empty": "",
    "whole": 9007199254740991,
    "fraction": -0.125,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [1, "二", None, True, [2.5]],
    "object": {"城市": "上海", "deep": {"list": [{"a": "🍵"}]}},
    "城市": "北京",
}
EVERYTHING: dict[str, Any] = IN_SCRIPTS | {"large": 9007199254740993, "huge": 18446744073709551615}

"""Fonts of pictures: the packaged Chinese one first, then what the system has, then what matplotlib brings."""

import importlib.util
import logging
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties

__all__ = ["families", "font", "readable", "shortened", "width_of"]

log = logging.getLogger(__name__)

PACKAGE, FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"
# Any of these can write Chinese.
CHINESE = (
    "WenQuanYi Micro Hei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
)
LAST = "DejaVu Sans"


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """The names of the fonts in the order in which a character is looked for."""
    packaged = _packaged()
    if packaged is not None:
        font_manager.fontManager.addfont(packaged)
    known = {entry.name for entry in font_manager.fontManager.ttflist}
    found = tuple(name for name in CHINESE if name in known)
    if not found:
        log.warning("no font that can write Chinese was found; pictures leave such characters out")
    return (*found, LAST)


def font(size: float) -> Any:
    """The fonts at `size` points."""
    return FontProperties(family=list(families()), size=size)


def readable(text: str) -> str:
    """The text without what no font can draw: a gap is better than a box."""
    maps = _maps()
    return "".join(
        one for one in unicodedata.normalize("NFC", text) if one in "\n " or any(ord(one) in m for m in maps)
    )


def width_of(text: str, size: float) -> float:
    """About how wide the text is, in the unit of `size`."""
    wide = sum(1.0 if unicodedata.east_asian_width(one) in "WF" else 0.53 for one in text)
    return wide * size


def shortened(text: str, size: float, most: float) -> str:
    """The text, cut with an ellipsis where it would be wider than `most`."""
    text = readable(text.replace("\n", " "))
    if width_of(text, size) <= most:
        return text
    while text and width_of(text + "…", size) > most:
        text = text[:-1]
    return text + "…"


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    return path if path and path.exists() else None


@lru_cache(maxsize=1)
def _maps() -> tuple[frozenset[int], ...]:
    paths = [font_manager.findfont(FontProperties(family=name)) for name in families()]
    return tuple(frozenset(font_manager.get_font(path).get_charmap()) for path in dict.fromkeys(paths))

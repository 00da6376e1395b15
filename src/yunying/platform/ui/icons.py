"""The icons pages may use, by their Tabler name.

`icons.txt` lists them, and `tools/vendor.py` puts exactly those into one sprite.
"""

from pathlib import Path

__all__ = ["ICONS"]

ICONS: tuple[str, ...] = tuple((Path(__file__).parent / "icons.txt").read_text().split())

"""Dashboards as pictures and documents, drawn without a browser.

matplotlib is loaded with the first picture, not with the first page; pictures are drawn one at a time.
"""

from collections.abc import Sequence
from threading import Lock

from yunying.apps.insights.dashboards.faces import Face
from yunying.apps.insights.dashboards.grid import Place
from yunying.platform.ui.charts import Chart

__all__ = ["draw_alone", "draw_face", "draw_page"]

# A picture takes about a second of one processor and matplotlib keeps fonts between pictures: one at a time.
_turn = Lock()


def draw_page(title: str, subtitle: str, laid: Sequence[tuple[Place, Face]], kind: str) -> bytes:
    """All tiles in their places: `kind` is png (one tall picture) or pdf (pages of A4 proportion)."""
    with _turn:
        from yunying.apps.insights.dashboards.drawing.page import document, picture

        return document(title, subtitle, laid) if kind == "pdf" else picture(title, subtitle, laid)


def draw_face(face: Face, *, width: int = 640, height: int = 300) -> bytes:
    """One tile as PNG. Sizes in pixels; drawn at twice of them for sharp screens."""
    with _turn:
        from yunying.apps.insights.dashboards.drawing.page import tile_picture

        return tile_picture(face, width, height)


def draw_alone(chart: Chart, *, width: int = 640, height: int = 260) -> bytes:
    """Nothing but the chart as PNG, for where its title and its numbers stand beside it as text."""
    with _turn:
        from yunying.apps.insights.dashboards.drawing.page import chart_picture

        return chart_picture(chart, width, height)

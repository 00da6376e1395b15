"""A dashboard's tiles laid out on a sheet, in pixels of the page that people see."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.patheffects import withStroke

from yunying.apps.insights.dashboards.drawing.charts import COLOURS, FAINT, INK, LINE, SOFT, draw_chart, lines_of
from yunying.apps.insights.dashboards.drawing.fonts import font, readable, shortened, width_of
from yunying.apps.insights.dashboards.faces import Face
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.texts import plain_of
from yunying.apps.insights.kinds import Grid
from yunying.platform.ui.charts import Chart, NumberCard

__all__ = ["chart_picture", "document", "picture", "tile_picture"]

# Text in PDF files as text, not as shapes, so that it can be searched and copied.
matplotlib.rcParams["pdf.fonttype"] = 42

DPI, SHARP = 100, 2
WIDTH, MARGIN, HEAD = 1240, 28, 74
ROW, GAP = 56, 14
A4 = 297 / 210
NOTE, NOTE_LINE = 11.0, 15
# What a tile's title takes above its chart.
TITLE = 38
GOOD, BAD = "#14803c", "#c22f2f"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels from the upper left corner."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> "Box":
        return Box(self.x + left, self.y + top, self.w - left - right, self.h - top - bottom)


class Sheet:
    """A figure with one coordinate system of pixels for texts and cards, and axes wherever a chart is."""

    def __init__(self, width: float, height: float, paper: str = "#f5f7fa") -> None:
        self.width, self.height = width, height
        self.figure: Any = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=paper)
        FigureCanvasAgg(self.figure)
        self.ground = self.figure.add_axes((0, 0, 1, 1))
        self.ground.set_xlim(0, width)
        self.ground.set_ylim(height, 0)
        self.ground.axis("off")

    def axes(self, box: Box) -> Any:
        left, bottom = box.x / self.width, 1 - (box.y + box.h) / self.height
        return self.figure.add_axes((left, bottom, box.w / self.width, box.h / self.height))

    def card(self, box: Box) -> None:
        shape = f"round,pad=0,rounding_size={min(9, box.h / 2)}"
        patch = FancyBboxPatch((box.x, box.y), box.w, box.h, boxstyle=shape, facecolor="white", edgecolor=LINE)
        self.ground.add_patch(patch)

    def text(self, x: float, y: float, words: str, size: float, colour: str = INK, *, bold: bool = False) -> None:
        """`y` is the upper edge, `size` in points of this sheet (1 px = 0.72 pt)."""
        look: dict[str, Any] = {"color": colour, "fontproperties": font(size * 0.75), "parse_math": False}
        if bold:
            # The Chinese font has one weight: a thin outline in the same colour makes it heavier.
            look["path_effects"] = [withStroke(linewidth=size * 0.04, foreground=colour)]
        self.ground.text(x, y, readable(words), va="top", ha="left", **look)


def picture(title: str, subtitle: str, laid: Sequence[tuple[Place, Face]]) -> bytes:
    """All of it as one PNG."""
    bottom = max((place.bottom for place, _face in laid), default=1)
    return _png(_sheet(title, subtitle, laid, 0, bottom))


def document(title: str, subtitle: str, laid: Sequence[tuple[Place, Face]]) -> bytes:
    """A PDF whose pages end between tiles."""
    file = io.BytesIO()
    with PdfPages(file, metadata={"Title": title, "Creator": "Yunying"}) as pages:
        for first, last in _breaks([place for place, _face in laid]):
            inside = [(place, face) for place, face in laid if first <= place.y < last]
            sheet = _sheet(title if not first else "", subtitle, inside, first, last)
            pages.savefig(sheet.figure)
    return file.getvalue()


def tile_picture(face: Face, width: int, height: int) -> bytes:
    """One tile by itself."""
    sheet = Sheet(width, height)
    _tile(sheet, Box(1, 1, width - 2, height - 2), face)
    return _png(sheet)


def chart_picture(chart: Chart, width: int, height: int) -> bytes:
    """A chart by itself: no frame, and no title above it."""
    sheet = Sheet(width, height, paper="white")
    _chart(sheet, Box(0, 0, width, height), chart, -TITLE)
    return _png(sheet)


def _breaks(places: Sequence[Place]) -> list[tuple[int, int]]:
    """Rows from … to of each page: as many as fit, ended where no tile is cut; a higher tile has a page of its own."""
    bottom = max((place.bottom for place in places), default=1)
    room = max(1, int((WIDTH * A4 - 2 * MARGIN - HEAD) // (ROW + GAP)))
    clear = [y for y in range(1, bottom + 1) if not any(place.y < y < place.bottom for place in places)]
    pages, first = [], 0
    while first < bottom:
        fitting = [y for y in clear if first < y <= first + room]
        last = fitting[-1] if fitting else next(y for y in clear if y > first)
        pages.append((first, last))
        first = last
    return pages


def _sheet(title: str, subtitle: str, laid: Sequence[tuple[Place, Face]], first: int, last: int) -> Sheet:
    top = MARGIN + (HEAD if title else 0)
    sheet = Sheet(WIDTH, top + (last - first) * (ROW + GAP) - GAP + MARGIN)
    if title:
        sheet.text(MARGIN, MARGIN - 4, shortened(title, 27, WIDTH - 2 * MARGIN), 27, bold=True)
        sheet.text(MARGIN, MARGIN + 34, shortened(subtitle, 14, WIDTH - 2 * MARGIN), 14, SOFT)
    unit = (WIDTH - 2 * MARGIN + GAP) / 12
    for place, face in laid:
        box = Box(
            MARGIN + place.x * unit,
            top + (place.y - first) * (ROW + GAP),
            place.w * unit - GAP,
            place.h * (ROW + GAP) - GAP,
        )
        _tile(sheet, box, face)
    return sheet


def _tile(sheet: Sheet, box: Box, face: Face) -> None:
    if face.source:
        _text(sheet, box, face.source)
        return
    sheet.card(box)
    size = 15.5
    title = shortened(face.title, size, box.w - 32)
    sheet.text(box.x + 16, box.y + 13, title, size, bold=True)
    beside = box.x + 16 + width_of(title, size) * 1.04 + 12
    if face.card is not None:
        sheet.text(box.x + 16, box.y + 36, shortened(face.period, 12, box.w - 32), 12, FAINT)
        sheet.text(box.x + 16, box.y + 115, shortened(face.apart, 11, box.w - 32), 11, FAINT)
    elif box.x + box.w - beside > 80:
        sheet.text(beside, box.y + 15.5, shortened(face.period, 12, box.x + box.w - beside - 12), 12, FAINT)
    if face.card is not None:
        _number(sheet, box, face.card)
        return
    said = [line for line in (face.apart, face.figures) if line]
    for index, line in enumerate(said):
        sheet.text(box.x + 16, box.y + 33 + 16 * index, shortened(line, 11, box.w - 32), 11, SOFT)
    below = 8 * min(1, len(said)) + 16 * max(0, len(said) - 1)
    if face.grid is not None:
        _grid(sheet, box.inside(16, 44 + below, 16, 12), face.grid)
    elif face.chart is None or face.chart.empty:
        _lines(sheet, box.inside(16, 48 + below, 16, 8), face.problem or face.nothing, 14, SOFT)
    elif face.as_table:
        _table(sheet, box.inside(16, 44 + below, 16, 12), face.chart)
    else:
        _chart(sheet, box, face.chart, below)


def _chart(sheet: Sheet, box: Box, chart: Chart, below: float) -> None:
    round_ = chart.kind.value in ("pie", "donut")
    legend = 0 if round_ or len(chart.series) < 2 else 26
    told = _told(chart, box)
    inner = box.inside(58, 54 + below, 22, 21 + 13 * lines_of(chart) + legend + NOTE_LINE * len(told))
    for index, line in enumerate(told):
        sheet.text(box.x + 16, box.y + box.h - 10 - NOTE_LINE * (len(told) - index), line, NOTE, SOFT)
    if round_:
        room = box.h - 66 - below
        side = max(40, min(room, box.w * 0.45))
        inner = Box(box.x + 24, box.y + 48 + below + max(0, room - side) / 2, side, side)
    if inner.w > 40 and inner.h > 30:
        axes = sheet.axes(inner)
        axes.set_facecolor("none")
        draw_chart(axes, chart, inner.w)


def _told(chart: Chart, box: Box) -> list[str]:
    """What the numbers above the chart stand for: as many notes as a third of the tile holds, and how many more."""
    notes = [_("%(label)s:") % {"label": label} + f" {note.label}" for note, label in chart.notes]
    told = [_wrapped(f"{number}  {text}", NOTE, box.w - 32) for number, text in enumerate(notes, start=1)]
    room = max(1, int(box.h / 3 // NOTE_LINE))
    lines: list[str] = []
    for index, some in enumerate(told):
        left = len(told) - index
        if len(lines) + len(some) > room - (left > 1):
            return [*lines, f"… +{left}"] if lines else [shortened(" ".join(some), NOTE, box.w - 32)]
        lines += some
    return lines


def _number(sheet: Sheet, box: Box, card: NumberCard) -> None:
    sheet.text(box.x + 16, box.y + 57, shortened(card.text, 29, box.w - 24), 29, bold=True)
    if card.change is not None:
        sign = {"up": "▲ +", "down": "▼ −"}.get(card.direction, "")
        colour = {"good": GOOD, "bad": BAD}.get(card.verdict, SOFT)
        words = f"{sign}{card.change_text}  {card.previous_label}"
        sheet.text(box.x + 16, box.y + 98, shortened(words, 12.5, box.w - 28), 12.5, colour)
    values = [float("nan") if value is None else float(value) for value in card.trend]
    spark = box.inside(16, 132, 16, 12)
    if len(values) > 1 and spark.h > 14:
        axes = sheet.axes(spark)
        axes.axis("off")
        axes.margins(x=0.01, y=0.08)
        axes.plot(values, color=COLOURS[0], linewidth=1.6)


def _table(sheet: Sheet, box: Box, chart: Chart) -> None:
    columns = min(len(chart.series), max(1, int((box.w - 150) // 74)))
    room = max(1, int(box.h // 24) - 1)
    step = min(110, (box.w - 150) / columns)
    named = box.w - step * columns
    heads = [one.name for one in chart.series[:columns]]
    _row(sheet, box, 0, chart.label_title, heads, step, FAINT, named)
    for index, (label, _partial, cells) in enumerate(chart.rows[:room], start=1):
        _row(sheet, box, index, label, [text for text, _link in cells[:columns]], step, INK, named)


def _grid(sheet: Sheet, box: Box, grid: Grid) -> None:
    """A table of texts; the warmer a cell, the more came back."""
    wide = max([62.0, *(width_of(head, 12.5) + 12 for head in grid.heads[1:])])
    columns = min(len(grid.heads) - 1, max(1, int((box.w - 150) // wide)))
    room = max(1, int(box.h // 24) - 1)
    step = (box.w - 150) / max(1, columns)
    for index, row in enumerate(grid.rows[:room], start=1):
        for place, cell in enumerate(row.cells[:columns]):
            if cell.heat:
                left, top = box.x + 150 + place * step + 3, box.y + index * 24 - 2
                warm = Rectangle((left, top), step - 3, 22, facecolor=COLOURS[0], alpha=cell.heat * 0.055, linewidth=0)
                sheet.ground.add_patch(warm)
        _row(sheet, box, index, row.head, [cell.text for cell in row.cells[:columns]], step, INK)
    _row(sheet, box, 0, grid.heads[0], grid.heads[1 : columns + 1], step, FAINT)


def _row(
    sheet: Sheet, box: Box, index: int, head: str, cells: Sequence[str], step: float, colour: str, named: float = 150
) -> None:
    """A line of a table; `named` is the width of its first column."""
    y = box.y + index * 24
    sheet.ground.plot([box.x, box.x + box.w], [y + 21, y + 21], color=LINE, linewidth=0.8)
    sheet.text(box.x, y + 3, shortened(head, 12.5, named - 8), 12.5, colour)
    for place, text in enumerate(cells):
        fitted = shortened(text, 12.5, step - 8)
        right = box.x + named + (place + 1) * step
        sheet.ground.text(
            right, y + 3, fitted, va="top", ha="right", color=colour, fontproperties=font(9.4), parse_math=False
        )


def _text(sheet: Sheet, box: Box, text: str) -> None:
    y = box.y + 4
    for kind, words in plain_of(text):
        size = 18.0 if kind == "heading" else 14.0
        for line in _wrapped(("• " if kind == "item" else "") + strip_tags(words), size, box.w - 8):
            if y + size > box.y + box.h:
                return
            sheet.text(box.x + 4, y, line, size, bold=kind == "heading")
            y += size * 1.6
        y += size * 0.35


def _lines(sheet: Sheet, box: Box, text: str, size: float, colour: str) -> None:
    for index, line in enumerate(_wrapped(text, size, box.w)):
        if (index + 1) * size * 1.5 <= box.h:
            sheet.text(box.x, box.y + index * size * 1.5, line, size, colour)


def _wrapped(text: str, size: float, width: float) -> list[str]:
    """Lines that fit; Chinese has no spaces, so the average width of this text's characters decides."""
    text = readable(text)
    each = width_of(text, size) / max(1, len(text))
    return textwrap.wrap(text, max(4, int(width / max(each, 1))), break_long_words=True) if text else []


def _png(sheet: Sheet) -> bytes:
    file = io.BytesIO()
    sheet.figure.savefig(file, format="png", dpi=DPI * SHARP)
    return file.getvalue()

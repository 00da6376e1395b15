"""A chart of the toolkit drawn with matplotlib, as `charts.js` draws it on pages."""

from collections.abc import Sequence
from typing import Any

from matplotlib.colors import to_rgba
from matplotlib.ticker import FuncFormatter, MaxNLocator

from yunying.apps.insights.dashboards.drawing.fonts import font, readable, shortened, width_of
from yunying.base.money import minor_digits
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series, Unit

__all__ = ["COLOURS", "FAINT", "INK", "LINE", "SOFT", "draw_chart", "lines_of"]

INK, SOFT, FAINT, LINE = "#1a2233", "#525c70", "#5f697c", "#e3e7ee"
COLOURS = ("#1d5fd1", "#d9730d", "#0b8a7a", "#a23fa8", "#7a6a00", "#c0392b", "#3a7ca5", "#5f6b7a", "#8a5a2b", "#4a8c2a")
PALE = "#c6ccd6"
MARKERS = "os^Dvp*X"
TICK, LEGEND = 8.5, 8.5


def draw_chart(axes: Any, chart: Chart, width: float) -> None:
    """Draw into `axes`, which is about `width` pixels wide."""
    if chart.kind in (ChartKind.PIE, ChartKind.DONUT):
        _slices(axes, chart)
        return
    _frame(axes, chart, width)
    colours = _colours(chart.series)
    if chart.kind in (ChartKind.BAR, ChartKind.STACKED):
        _bars(axes, chart, colours)
    else:
        _lines(axes, chart, colours)
    _marks(axes, chart, width)
    if len(chart.series) > 1:
        _legend(axes, width, lines_of(chart))


def lines_of(chart: Chart) -> int:
    """How many lines the labels have at most."""
    return max((str(label).count("\n") + 1 for label in chart.labels), default=1)


def _colours(series: Sequence[Series]) -> list[str]:
    """A comparison wears the colour of what it is compared with."""
    own: dict[str, str] = {}
    for one in series:
        if one.pale:
            own[one.name] = PALE
        elif not one.compare_to:
            own[one.name] = COLOURS[len(own) % len(COLOURS)]
    return [own.get(one.compare_to or one.name, COLOURS[0]) for one in series]


def _frame(axes: Any, chart: Chart, width: float) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=SOFT, pad=4)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: _axis(value, chart.unit)))
    labels = [[readable(line) for line in str(label).split("\n")] for label in chart.labels]
    room = max(1, int(width // (max((len(line) for lines in labels for line in lines), default=1) * 7 + 16)))
    step = max(1, -(-len(labels) // room))
    shown = [at for at in range(0, len(labels), step) if not at or _fits(labels[at], at, len(labels), width)]
    most = width / max(1, len(shown))
    axes.set_xticks(list(shown), ["\n".join(shortened(line, TICK, most) for line in labels[at]) for at in shown])
    for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        tick.set_fontproperties(font(TICK))
    if labels:
        axes.set_xlim(-0.5, len(labels) - 0.5)


def _fits(label: Sequence[str], at: int, count: int, width: float) -> bool:
    """Whether a label around its place ends within the picture, which goes on a little to the right of the chart."""
    half = max(width_of(line, TICK * 1.4) for line in label) / 2
    return half <= (count - at - 0.5) * width / count + 18


def _axis(value: float, unit: Unit) -> str:
    if unit.kind == "percent":
        return formats.percent(value, 0)
    if unit.kind == "duration":
        return formats.duration(value)
    return formats.compact(value / 10 ** minor_digits(unit.currency) if unit.kind == "money" else round(value, 6))


def _numbers(series: Series) -> list[float]:
    return [float("nan") if value is None else float(value) for value in series.values]


def _lines(axes: Any, chart: Chart, colours: Sequence[str]) -> None:
    for index, (series, colour) in enumerate(zip(chart.series, colours, strict=True)):
        values, at = _numbers(series), list(range(len(series.values)))
        late = None if series.compare_to else chart.partial_from
        whole = values[:late] if late is not None else values
        look: dict[str, Any] = {"color": colour, "linewidth": 1.8, "label": readable(series.name)}
        if series.compare_to:
            look |= {"linestyle": (0, (4, 4)), "linewidth": 1.3, "alpha": 0.55}
        if len(values) <= 31:
            look |= {"marker": MARKERS[index % len(MARKERS)], "markersize": 3.5}
        axes.plot(at[: len(whole)], whole, **look)
        if late is not None and late < len(values):
            begin = max(late - 1, 0)
            axes.plot(at[begin:], values[begin:], color=colour, linewidth=1.8, linestyle=(0, (2, 2)))
        if chart.kind == ChartKind.AREA and not series.compare_to:
            axes.fill_between(at[: len(whole)], whole, color=colour, alpha=0.12, linewidth=0)
    if all(value is None or value >= 0 for series in chart.series for value in series.values):
        # A line along its own highest value must not lie on the edge.
        axes.set_ylim(0, axes.get_ylim()[1] * 1.05)


def _bars(axes: Any, chart: Chart, colours: Sequence[str]) -> None:
    stacked = chart.kind == ChartKind.STACKED
    count = 1 if stacked else max(1, len(chart.series))
    width = 0.72 / count
    floor = [0.0] * len(chart.labels)
    for index, (series, colour) in enumerate(zip(chart.series, colours, strict=True)):
        values = [0.0 if value is None else float(value) for value in series.values]
        shift = 0.0 if stacked else (index - (count - 1) / 2) * width
        at = [position + shift for position in range(len(values))]
        alpha = 0.45 if series.compare_to else 1.0
        look = {"color": colour, "alpha": alpha, "label": readable(series.name)}
        if series.pale:
            look |= {"hatch": "////", "edgecolor": "white", "linewidth": 0}
        drawn = axes.bar(at, values, width=width * 0.92, bottom=floor if stacked else None, **look)
        if chart.partial_from is not None and not series.compare_to:
            for late in drawn.patches[chart.partial_from :]:
                late.set_alpha(None)
                late.set(facecolor=to_rgba(colour, 0.3), edgecolor=colour, linewidth=1.2, linestyle=(0, (4, 3)))
        _whiskers(axes, at, series)
        if stacked:
            floor = [below + value for below, value in zip(floor, values, strict=True)]


def _whiskers(axes: Any, at: Sequence[float], series: Series) -> None:
    """Where the true values lie, for those that say it."""
    for place, low, high in zip(at, series.low, series.high, strict=False):
        if low is not None and high is not None:
            look: dict[str, Any] = {"color": INK, "linewidth": 1.2, "marker": "_", "markersize": 6}
            axes.plot([place, place], [float(low), float(high)], **look)


def _slices(axes: Any, chart: Chart) -> None:
    values = [max(0.0, float(value or 0)) for value in chart.series[0].values] if chart.series else []
    if not sum(values):
        axes.axis("off")
        return
    ring = {"width": 0.38} if chart.kind == ChartKind.DONUT else {}
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(values))]
    wedges = axes.pie(
        values, colors=colours, startangle=90, counterclock=False, wedgeprops={**ring, "edgecolor": "white"}
    )[0]
    total = sum(values)
    names = [
        f"{shortened(str(label), LEGEND, 130)}  {formats.percent(value / total)}"
        for label, value in zip(chart.labels, values, strict=True)
    ]
    axes.legend(wedges, names, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, prop=font(LEGEND))
    axes.set_aspect("equal")


def _marks(axes: Any, chart: Chart, width: float) -> None:
    if chart.target is not None and chart.target.value is not None:
        axes.axhline(float(chart.target.value), color=SOFT, linewidth=1, linestyle=(0, (4, 4)))
    for note, _label in chart.notes:
        if note.until is not None and note.until > note.index:
            axes.axvspan(note.index, min(note.until, len(chart.labels) - 1), color=SOFT, alpha=0.09, linewidth=0)
        axes.axvline(note.index, color=SOFT, linewidth=0.9, alpha=0.6)
    each = width / max(1, len(chart.labels))
    for index, numbers in _numbered(chart, each):
        at = axes.get_xaxis_transform()
        axes.text(index, 1.01, numbers, transform=at, va="bottom", ha="center", color=SOFT, fontproperties=font(7))


def _numbered(chart: Chart, each: float) -> list[tuple[int, str]]:
    """Where the numbers of the notes stand, labels being `each` pixels apart; those that would overlap are joined."""
    found: list[tuple[int, str]] = []
    for number, (note, _label) in sorted(enumerate(chart.notes, start=1), key=lambda one: one[1][0].index):
        near = found and (note.index - found[-1][0]) * each < 9 + 5 * len(found[-1][1])
        if near:
            found[-1] = (found[-1][0], f"{found[-1][1]},{number}")
        else:
            found.append((note.index, str(number)))
    return found


def _legend(axes: Any, width: float, lines: int) -> None:
    below = (12 + 13 * lines) / max(1.0, axes.get_window_extent().height)
    handles, names = axes.get_legend_handles_labels()
    columns = max(1, min(len(names), int(width // 140)))
    shown = [shortened(name, LEGEND, width / columns - 40) for name in names]
    most = columns * 2
    axes.legend(
        handles[:most],
        shown[:most],
        loc="upper center",
        bbox_to_anchor=(0.5, -below),
        ncols=columns,
        frameon=False,
        prop=font(LEGEND),
        labelcolor=SOFT,
        handlelength=1.4,
        columnspacing=1.2,
    )

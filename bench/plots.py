"""Results -> pictures, PNG files. It is imported only by `report`, as it needs matplotlib."""

from collections.abc import Callable
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.plan.timeline import LOST
from bench.results import Result
from bench.rows import OURS
from export import style
from export.files import write_file
from export.style import BLUE, GREY, RED

STYLE = {**style.STYLE, "font.size": 10}
PERCENTILES = {
    "p99.9_ms": ("p99.9", "#8ab6d6"),
    "p99_ms": ("p99", "#5fa3d0"),
    "p90_ms": ("p90", BLUE),
    "p50_ms": ("p50", "#0b3c5d"),
}
LINES = {
    ("on", "on"): ("fast lane, reply cache", BLUE, "-"),
    ("on", "off"): ("fast lane, cache off", BLUE, "--"),
    ("off", "on"): ("Starlette path, reply cache", GREY, "-"),
    ("off", "off"): ("Starlette path, cache off", GREY, "--"),
}

Row = dict[str, Any]
Plot = Callable[[Result, Figure], None]
"""Draws a result's rows that have figures."""


def draw(plot: Plot, result: Result, path: Path) -> None:
    """Write the picture that `plot` makes of a result. Raises ExportError."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        plot(result, figure)
        content = BytesIO()
        figure.savefig(content, format="png", dpi=150, metadata={"Software": None})
    write_file(path, content.getvalue())


def throughput(result: Result, figure: Figure) -> None:
    """Requests a second, a bar a row."""
    rows = sorted(_single(result), key=lambda row: row["requests_s"])
    axes = figure.subplots()
    bars = axes.barh([row["about"] for row in rows], [row["requests_s"] for row in rows], color=[*map(_color, rows)])
    axes.bar_label(bars, [f"{row['requests_s']:,.0f}" for row in rows], padding=4)
    axes.margins(x=0.1)
    axes.grid(visible=False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    _title(figure, "Requests a second. Blue: this service")


def cost(result: Result, figure: Figure) -> None:
    """CPU microseconds a request, a dot a row, as they lie decades apart."""
    rows = sorted(_single(result), key=lambda row: -row["cpu_us"])
    axes = figure.subplots()
    axes.scatter([row["cpu_us"] for row in rows], [row["about"] for row in rows], c=[*map(_color, rows)], s=70)
    for row in rows:
        _note(axes, f"{row['cpu_us']:,.1f}", (row["cpu_us"], row["about"]), (9, 0), va="center")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.15, y=0.08)
    _title(figure, "CPU of the server a request, in µs, each line ten times the one before. Blue: this service")


def latency(result: Result, figure: Figure) -> None:
    """Latency percentiles against the rate that was asked for."""
    rows = [row for row in result["rows"] if row["requests"]]
    axes, rates = figure.subplots(), [row["rate"] for row in rows]
    for key, (name, color) in PERCENTILES.items():
        axes.plot(rates, [row[key] for row in rows], marker="o", markersize=4, color=color, label=name)
    axes.axhline(result["limit_ms"], color=RED, linewidth=1, linestyle=":")
    _note(axes, f"p99 may take {result['limit_ms']} ms", (rates[0], result["limit_ms"]), (0, 4), color=RED)
    for row in rows:
        if row["verdict"] != "held":
            _note(axes, row["verdict"], (row["rate"], row["p99.9_ms"]), (-8, 0), color=RED, ha="right", va="center")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("requests a second asked for")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _title(figure, f"Latency in ms, open loop, {OURS[result['row']].about}")


def sweep(result: Result, figure: Figure) -> None:
    """Requests a second against connections, a panel for each number of workers."""
    rows = sorted((row for row in result["rows"] if "requests_s" in row), key=lambda row: row["workers"])
    panels = [(workers, list(some)) for workers, some in groupby(rows, key=lambda row: row["workers"])]
    columns = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (workers, some) in zip(columns, panels, strict=True):
        _sweep_panel(axes, some)
        axes.set_title(f"{workers} worker{'s' if workers > 1 else ''}")
    columns[0].set_ylim(0, 1.06 * max(row["requests_s"] for row in rows))
    figure.legend(*columns[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    _title(figure, "Requests a second")


def capacity(result: Result, figure: Figure) -> None:
    """A fleet's rate and latency, second after second: a burst, an instance lost, and both at once."""
    asked, points = result["asked"], result["timeline"]
    seconds = [point["second"] for point in points]
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 2])
    above.step(seconds, [point["rps"] for point in points], where="post", color=GREY)
    above.set_ylim(0, 1.15 * max(point["rps"] for point in points))
    above.yaxis.set_major_formatter("{x:,.0f}")
    above.set_title("requests a second that arrive")
    for key, name, color in (("p99_ms", "p99", "#5fa3d0"), ("p50_ms", "p50", "#0b3c5d")):
        below.step(seconds, [point[key] for point in points], where="post", color=color, label=name)
    below.axhline(asked["p99_ms"], color=RED, linewidth=1, linestyle=":")
    _note(below, f"p99 may take {asked['p99_ms']:g} ms", (0, asked["p99_ms"]), (2, 4), color=RED)
    for axes in (above, below):
        if result["moved"]:
            axes.axvspan(*LOST, color=GREY, alpha=0.25, linewidth=0)
    if result["moved"]:
        _note(above, "an instance is lost", (LOST[0], 0), (4, 5))
    below.set_yscale("log")
    below.yaxis.set_major_formatter("{x:g}")
    below.set_xlabel("seconds")
    below.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    fleet = f"{result['plan']['instances']} instances of {asked['vcpus']} vCPU"
    _title(figure, f"Latency in ms of {fleet}, simulated, in fifths of a second")


def _sweep_panel(axes: Axes, rows: list[Row]) -> None:
    for (lane, cache), (name, color, line) in LINES.items():
        some = [row for row in rows if (row["lane"], row["cache"]) == (lane, cache)]
        places, heights = [row["connections"] for row in some], [row["requests_s"] for row in some]
        axes.plot(places, heights, color=color, linestyle=line, marker="o", markersize=4, label=name)
    counts = sorted({row["connections"] for row in rows})
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("connections")


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)


def _note(axes: Axes, text: str, place: tuple[Any, Any], away: tuple[int, int], **style: Any) -> None:
    axes.annotate(text, place, away, textcoords="offset points", **style)


def _single(result: Result) -> list[Row]:
    """The rows with a flight a request."""
    return [row for row in result["rows"] if "cpu_us" in row and row["cpu_us"] == row["cpu_us_flight"]]


def _color(row: Row) -> str:
    return BLUE if row["row"] in OURS else GREY

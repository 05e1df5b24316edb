"""The figures of a drift -> a picture of them: how features moved, and whether probabilities still hold."""

from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from export.style import BLUE, GREY, RED, png

Figures = dict[str, Any]


def draw_drift(figures: Figures, name: str) -> bytes:
    """A PNG; `name` is that of the file with the new flights."""
    model = figures["model"]
    source = (
        f"Source: {name}, {figures['flights']:,} flights, {figures['from']} to {figures['to']}; "
        f"model {model['name']} {model['version']}"
    )
    return png(partial(_draw, figures), (10, 4.2), source)


def _draw(figures: Figures, figure: Figure) -> None:
    if figures["delay_rate"] is None:  # nothing to hold the probabilities against
        _stability(figures, figure.subplots())
        return
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    _stability(figures, left)
    _reliability(figures, right)


def _stability(figures: Figures, axes: Axes) -> None:
    limit = figures["limits"]["max_psi"]
    rows = [row for row in figures["features"][::-1] if row["psi"] is not None]
    values = [row["psi"] for row in rows]
    colors = [RED if value > limit else BLUE for value in values]
    bars = axes.barh([row["name"] for row in rows], values, color=colors)
    axes.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=7.5)
    axes.axvline(limit, color=RED, linewidth=1, linestyle="--")
    axes.set_xlim(0, 1.15 * max([limit, *values]))
    axes.tick_params(axis="y", labelsize=7.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"population stability index; dashed: the limit, {limit:g}")
    axes.set_title("How far each feature has moved")


def _reliability(figures: Figures, axes: Axes) -> None:
    said = [100 * each["predicted"] for each in figures["reliability"]]
    was = [100 * each["delayed"] for each in figures["reliability"]]
    top = 1.05 * max(*said, *was, 1)
    axes.plot([0, top], [0, top], color=RED, linewidth=1, label="as said")
    axes.plot(said, was, marker="o", color=BLUE, label=f"new flights, n={figures['flights']:,}")
    axes.axhline(100 * figures["training_delay_rate"], color=GREY, linestyle=":", label="delay rate in training")
    axes.set_xlabel("said, %")
    axes.set_ylabel("were late, %")
    axes.set_title(f"Calibration error {100 * figures['calibration_error']:.1f} points")
    axes.legend(frameon=False, loc="upper left")

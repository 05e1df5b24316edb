"""The report's figures -> pictures, PNG files. The same figures give the same bytes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from export.files import write_file
from export.style import BLUE, GREEN, GREY, RED, png

Figures = dict[str, Any]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DESTINATIONS = 25


def draw_all(figures: Figures, folder: Path) -> list[Path]:
    """Write every picture of the report to `folder`, as `model-<name>.png`; their files."""
    for name, (draw, *size) in PICTURES.items():
        picture = png(partial(draw, figures), (size[0], size[1]), _source(figures))
        write_file(folder / f"model-{name}.png", picture)
    return [folder / f"model-{name}.png" for name in PICTURES]


def _source(figures: Figures) -> str:
    data = figures["data"]
    part = "; quick: every fourth flight trained on and tested" if figures["quick"] else ""
    return f"Source: {data['flights']:,} flights from Santiago, {data['from']} to {data['to']}, DGAC Chile{part}"


def rates(figures: Figures, figure: Figure) -> None:
    found, overall = figures["rates"], figures["data"]["delay_rate"]
    left, middle, right = np.ravel(np.asarray(figure.subfigures(1, 3, width_ratios=(1.1, 1.1, 1))))
    airlines = sorted(found["OPERA"], key=lambda row: row["delay_rate"])
    _rate_bars(left.subplots(), airlines, overall, "By airline (n)")
    largest = sorted(found["SIGLADES"], key=lambda row: -row["flights"])[:DESTINATIONS]
    title = f"By destination, the {len(largest)} with most flights (n)"
    _rate_bars(middle.subplots(), sorted(largest, key=lambda row: row["delay_rate"]), overall, title)
    panels = right.subplots(3, 1)
    for axes, name, labels, title in (
        (panels[0], "MES", MONTHS, "By month of the year"),
        (panels[1], "dia_semana", WEEKDAYS, "By day of the week"),
        (panels[2], "hora", range(24), "By scheduled hour"),
    ):
        rows = found[name]
        places = [int(row["value"]) - (name == "MES") for row in rows]
        axes.bar(places, [100 * row["delay_rate"] for row in rows], color=BLUE)
        step = 3 if name == "hora" else 1
        axes.set_xticks(places[::step], [str(labels[place]) for place in places[::step]])
        axes.axhline(100 * overall, color=RED, linewidth=1)
        axes.set_title(title)
        axes.grid(visible=False, axis="x")
        axes.set_ylabel("% late")
    figure.suptitle(
        f"Share of flights more than 15 minutes late, in %; the red line is the overall {100 * overall:.1f} %",
        x=0.01,
        ha="left",
    )


def _rate_bars(axes: Axes, rows: Sequence[Figures], overall: float, title: str) -> None:
    names = [f"{row['value']} ({row['flights']:,})" for row in rows]
    bars = axes.barh(names, [100 * row["delay_rate"] for row in rows], color=BLUE)
    axes.bar_label(bars, [f"{100 * row['delay_rate']:.0f}" for row in rows], padding=2, fontsize=7)
    axes.axvline(100 * overall, color=RED, linewidth=1)
    axes.tick_params(axis="y", labelsize=7.5)
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    axes.set_xlabel("% late")


def backtest(figures: Figures, figure: Figure) -> None:
    months = figures["months"]
    names = [f"{MONTHS[int(row['month'][5:]) - 1]}\nn={row['flights']:,}" for row in months]
    left, right = figure.subplots(1, 2)
    for name, color, away in (("reference", GREY, -13), ("improved", BLUE, 6)):
        left.plot(names, [row[name]["auc"] for row in months], marker="o", color=color, label=name)
        for place, row in enumerate(months):
            left.annotate(
                f"{row[name]['auc']:.3f}", (place, row[name]["auc"]), (0, away), textcoords="offset points",
                ha="center", fontsize=7.5, color="#666666" if color == GREY else color,
            )  # fmt: skip
    left.set_title("ROC AUC of each month, by a model of the months before")
    left.margins(y=0.15)
    left.legend(frameon=False)
    right.bar(names, [100 * row["improved"]["delay_rate"] for row in months], color="#d9dee3", label="were late")
    for name, color in (("reference", GREY), ("improved", BLUE)):
        means = [100 * row[name]["mean_probability"] for row in months]
        right.plot(names, means, marker="o", color=color, label=f"{name} said, on average")
    right.set_title("% late, and what was said")
    right.set_ylim(0, 40)
    right.grid(visible=False, axis="x")
    right.legend(frameon=False, loc="upper right")


def calibration(figures: Figures, figure: Figure) -> None:
    known, easy = figures["calibration"], figures["recipes"]["improved"]["reference_split"]
    panels = (
        ("Reference split", easy["reliability"], easy["calibration_error"]),
        ("Backtest, pooled", figures["recipes"]["improved"]["backtest"]["reliability"], known["error"]),
        ("Backtest, were each month's rate known", known["reliability_level_known"], known["error_level_known"]),
    )  # fmt: skip
    all_axes = figure.subplots(1, 3, sharey=True)
    for axes, (title, bins, error) in zip(all_axes, panels, strict=True):
        said, was = [100 * each["predicted"] for each in bins], [100 * each["delayed"] for each in bins]
        axes.plot([0, 60], [0, 60], color=RED, linewidth=1, label="as said")
        axes.plot(said, was, marker="o", color=BLUE, label="improved")
        total = sum(each["flights"] for each in bins)
        axes.set_title(f"{title}\nerror {100 * error:.1f} points, n={total:,}")
        axes.set_xlabel("said, %")
        axes.set_xlim(0, 60)
        axes.set_ylim(0, 60)
        axes.set_aspect("equal")
    all_axes[0].set_ylabel("were late, %")
    all_axes[0].legend(frameon=False, loc="upper left")


def threshold(figures: Figures, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    shipped = figures["shipped"]["threshold"]
    for protocol, name, color in (("reference_split", "reference split", GREY), ("backtest", "backtest", BLUE)):
        rows, curve = figures["thresholds"][protocol], figures["precision_recall"][protocol]
        about = figures["recipes"]["improved"][protocol]
        rate, tested = about["delay_rate"], about["test_flights"]
        left.plot(
            curve["recall"], curve["precision"], color=color, label=f"{name}, n={tested:,}, {100 * rate:.0f} % late"
        )
        (at,) = [row for row in rows if row["threshold"] == shipped]
        left.plot([at["recall"]], [at["precision"]], "o", color=color)
        right.plot([row["threshold"] for row in rows], [row["macro_f1"] for row in rows], marker="o", color=color)
        right.plot([row["threshold"] for row in rows], [row["announced"] for row in rows], linestyle=":", color=color)
    left.set_title(f"Precision against recall of delays; dots: threshold {shipped}")
    left.set_xlabel("recall: share of the delays that are announced")
    left.set_ylabel("precision: share of the announced that are late")
    left.set_ylim(0, 1)
    left.legend(frameon=False)
    right.axvline(shipped, color=RED, linewidth=1)
    right.set_title(f"Macro F1 (lines) and share announced (dotted); red: {shipped}")
    right.set_xlabel("threshold")
    right.set_ylim(0, 0.75)


def lift(figures: Figures, figure: Figure) -> None:
    curves = figures["gain"]
    colors = {"training": GREEN, "validation": GREY, "test": "#5fa3d0", "backtest": BLUE}
    names = {
        "training": "training (its own flights)",
        "validation": "validation",
        "test": "test, reference split",
        "backtest": "test, backtest",
    }
    left, right = figure.subplots(1, 2)
    for key, curve in curves.items():
        shares = [100 * share for share in curve["share"]]
        left.plot(
            [0, *shares],
            [0, *(100 * gain for gain in curve["gain"])],
            color=colors[key],
            label=f"{names[key]}, n={curve['flights']:,}",
        )
        right.plot(shares, curve["lift"], color=colors[key], label=names[key])
    left.plot([0, 100], [0, 100], color=RED, linewidth=1, label="drawn at random")
    left.set_title("Gain: % of all delays among the likeliest flights")
    right.axhline(1, color=RED, linewidth=1)
    right.set_title("Lift: times as many delays as among flights drawn at random")
    for axes in (left, right):
        axes.set_xlabel("likeliest flights, % of all")
    left.set_ylabel("% of the delays")
    left.legend(frameon=False)


def trees(figures: Figures, figure: Figure) -> None:
    rows, shipped = figures["trees"], figures["shipped"]
    left, right = figure.subplots(1, 2)
    reference = figures["recipes"]["reference"]["backtest"]
    for axes, key, name in ((left, "auc", "ROC AUC"), (right, "log_loss", "Log loss")):
        axes.plot([row["trees"] for row in rows], [row[key] for row in rows], marker="o", markersize=4, color=BLUE)
        axes.axvline(shipped["trees"], color=RED, linewidth=1)
        axes.axhline(reference[key], color=GREY, linestyle="--", linewidth=1)
        axes.annotate("reference", (rows[-1]["trees"], reference[key]), (0, 3), textcoords="offset points",
                      ha="right", color="#666666")  # fmt: skip
        axes.set_title(f"{name}, backtest pooled, n={figures['recipes']['improved']['backtest']['test_flights']:,}")
        axes.set_xlabel(f"trees of {shipped['leaves']} leaves; red: the {shipped['trees']} that ship")


def importance(figures: Figures, figure: Figure) -> None:
    rows = figures["importance"][::-1]
    axes = figure.subplots()
    bars = axes.barh([row["feature"] for row in rows], [100 * row["gain"] for row in rows], color=BLUE)
    axes.bar_label(bars, [f"{100 * row['gain']:.1f}" for row in rows], padding=3)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("% of the gain of all splits, model of the whole year")
    axes.set_title(f"What the shipped model splits by, n={figures['data']['flights']:,}")


def tried(figures: Figures, figure: Figure) -> None:
    rows = figures["path"][::-1]
    axes = figure.subplots()
    places = range(len(rows))
    easy, future = ([row[protocol]["auc"] for row in rows] for protocol in ("reference_split", "backtest"))
    axes.hlines(places, future, easy, color="#d9dee3", linewidth=3)
    axes.plot(easy, places, "o", color=GREY, label="reference split: days known from other flights")
    axes.plot(future, places, "o", color=BLUE, label="backtest: future months")
    for place, value in zip(places, future, strict=True):
        axes.annotate(f"{value:.3f}", (value, place), (-7, 0), textcoords="offset points", ha="right", va="center",
                      fontsize=7.5, color=BLUE)  # fmt: skip
    axes.set_yticks(places, [row["name"] for row in rows])
    counts = [figures["recipes"]["improved"][protocol]["test_flights"] for protocol in ("reference_split", "backtest")]
    axes.set_xlabel(f"ROC AUC on {counts[0]:,} and {counts[1]:,} test flights")
    axes.margins(x=0.08)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.4, 1.1), ncols=2)
    figure.suptitle("Everything that was tried, by the two protocols", x=0.01, ha="left", fontsize=10)


PICTURES: dict[str, tuple[Callable[[Figures, Figure], None], float, float]] = {
    "rates": (rates, 13, 7),
    "tried": (tried, 9, 5.5),
    "backtest": (backtest, 10, 4),
    "calibration": (calibration, 10, 4),
    "threshold": (threshold, 10, 4.2),
    "lift": (lift, 10, 4.2),
    "trees": (trees, 10, 3.8),
    "importance": (importance, 9, 3.8),
}

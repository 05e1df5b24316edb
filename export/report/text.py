"""The report's figures -> `docs/model.md`, by the template beside this file. Every figure in it comes from them."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

Figures = dict[str, Any]

LARGE = 500
"""Flights of an airline that is worth a sentence."""

FILTERS = {
    "f3": "{:.3f}".format,
    "f4": "{:.4f}".format,
    "n": "{:,}".format,
    "sure": lambda each: (
        "-" if each["value"] is None else f"{each['value']:.4f} [{each['from']:.4f}, {each['to']:.4f}]"
    ),
    "gain": lambda each: (
        "-" if each["value"] is None else f"{each['value']:+.4f} [{each['from']:+.4f}, {each['to']:+.4f}]"
    ),
    "pct": lambda share: f"{100 * share:.1f} %",
}


def model_page(figures: Figures, images: str) -> str:
    """The page, with its pictures in the folder `images`."""
    return template("model.md.jinja").render(**figures, **_picked(figures), images=images)


def template(name: str) -> Template:
    """The file of that name beside this one; a name that it is not given is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment.get_template(name)


def _picked(figures: Figures) -> Figures:
    """What the sentences are about: rows with a name of their own."""
    path = {row["name"]: row for row in figures["path"]}
    variants = {row["name"]: row for row in figures["variants"]}
    tried = [row for row in figures["path"] if not row["name"].startswith("recipe")]
    rates, shipped = figures["rates"], figures["shipped"]
    return {
        "worst": max(figures["months"], key=lambda row: abs(_gap(row["improved"]))),
        "airlines": _by_rate([row for row in rates["OPERA"] if row["flights"] >= LARGE] or rates["OPERA"]),
        "months_by_rate": _by_rate(rates["MES"]),
        "best_easy": max(tried, key=lambda row: float(row["reference_split"]["auc"])),
        "best_future": max(tried, key=lambda row: float(row["backtest"]["auc"])),
        "dummies": path["XGBoost, dummies"],
        "grid": path["XGBoost, dummies, grid search"],
        "all_ratios": path["LightGBM, delay ratios"],
        "thinned": path["LightGBM, ratios chosen by importance"],
        "searched": path["LightGBM, the same, Optuna"],
        "kept_ratios": path["LightGBM, ratios chosen by importance"]["kept"],
        "as_shipped": variants["as shipped"],
        "with_month": variants["month's ratio added"],
        "no_days": variants["no features of single days"],
        "no_half_life": variants["old flights count as much as new ones"],
        "at_shipped": next(row for row in figures["trees"] if row["trees"] == shipped["trees"]),
        "best_trees": max(figures["trees"], key=lambda row: float(row["auc"])),
        "measured": {(row["name"], row["lag_days"], row["recipe"]): row for row in figures["kept"]["rows"]},
        "effects_columns": next(row["features"] for row in figures["path"] if row["name"] == "recipe effects"),
        "gained": {(row["name"], row["lag_days"]): row for row in figures["kept"]["gains"]},
        "at": {row["threshold"]: row for row in figures["thresholds"]["backtest"]},
    }


def _gap(measures: Figures) -> float:
    return float(measures["mean_probability"] - measures["delay_rate"])


def _by_rate(rows: list[Figures]) -> list[Figures]:
    return sorted(rows, key=lambda row: float(row["delay_rate"]))

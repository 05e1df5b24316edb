"""A recipe and a protocol's name -> what `evaluate` tells: figures as JSON values, and the same as lines."""

from collections.abc import Sequence
from typing import Any

from export.data.flights import Flights
from export.learn import evaluate
from export.learn.evaluate import Tested
from export.learn.measured import intervals
from export.learn.measured.candidates import candidates, run_chosen
from export.learn.measured.weekly import horizon_days, run_weekly
from export.learn.protocols import Split, backtest
from export.learn.recipes import AnyRecipe
from export.progress import Progress

LAST = 3
"""Months that are told of alone too: October to December."""

Figures = dict[str, Any]


def tell(
    protocol: str,
    recipe: AnyRecipe,
    flights: Flights,
    splits: Sequence[Split] | None,
    lag_days: int,
    progress: Progress,
) -> Figures:
    """Everything by the protocol: `splits` are those of the reference split, and None elsewhere. Raises ExportError."""
    if protocol == "weekly":
        plain, levelled = run_weekly(recipe, flights, lag_days, progress)
        told = {"lag_days": lag_days, "horizon_days": horizon_days(lag_days)}
        return {**_figures(protocol, recipe, levelled, flights, told), "without_level": _sure(plain, flights)}
    if protocol == "candidates":
        parts, choices = run_chosen(candidates(), flights, progress)
        told = {"lag_days": 0, "horizon_days": (1, 31), "choices": choices}
        return {**_figures(protocol, recipe, parts, flights, told), "recipe": "the one chosen before each month"}
    if splits is not None:
        told = {"lag_days": 0, "horizon_days": (0, 0)}
        return _figures(protocol, recipe, evaluate.run(recipe, flights, splits, progress), flights, told)
    told = {"lag_days": 0, "horizon_days": (1, 31)}
    return _figures(protocol, recipe, evaluate.run(recipe, flights, backtest(flights), progress), flights, told)


def _figures(protocol: str, recipe: AnyRecipe, parts: Sequence[Tested], flights: Flights, told: Figures) -> Figures:
    return {**evaluate.as_json(protocol, recipe, parts), **told, **_sure(parts, flights)}


def _sure(parts: Sequence[Tested], flights: Flights) -> Figures:
    """The intervals of all, and of the last three months alone where there are more."""
    told = {"intervals": intervals.intervals(parts, flights)}
    if len(parts) > LAST:
        told["last_months"] = {
            "months": [part.name for part in parts[-LAST:]],
            "intervals": intervals.intervals(parts[-LAST:], flights),
        }
    return told


def as_text(figures: Figures) -> str:
    """The figures as lines for a terminal."""
    least, most = figures["horizon_days"]
    lines = [
        evaluate.as_text(figures),
        "",
        f"horizon {least} to {most} days; outcomes known {figures['lag_days']} days after the day",
        "95 % intervals from 1,000 bootstraps over days:",
        f"{'':<17}{'AUC':<26}{'AUC, mean of months':<26}{'log loss':<26}calibration error",
        *_lines("all", figures),
    ]
    if "without_level" in figures:
        lines += _lines("without level", figures["without_level"])
    for choice in figures.get("choices", ()):
        lines.append(f"{choice['month']}: {choice['chosen']}, log loss {choice['log_loss_before']:.4f} before")
    return "\n".join(lines)


def _lines(name: str, figures: Figures) -> list[str]:
    lines = [intervals.as_text(name, figures["intervals"])]
    if "last_months" in figures:
        months = figures["last_months"]["months"]
        lines.append(intervals.as_text(f"{months[0]} on", figures["last_months"]["intervals"]))
    return lines

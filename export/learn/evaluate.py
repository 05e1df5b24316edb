"""A recipe measured on flights that it was not trained on, by the splits of a protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.measures import at_threshold, measure
from export.learn.protocols import Rows, Split
from export.learn.recipes import AnyRecipe
from export.learn.train import train_on
from export.progress import Progress


@dataclass(frozen=True)
class Tested:
    """What a model gave the test flights of one split: `predicted` float64 [N] for `delayed` bool [N].

    `rows` are their places among all flights. `threshold` is the one that validation chose, `trees` their number (0
    where it has none).
    """

    name: str
    trained_on: int
    trees: int
    threshold: float
    rows: Rows
    delayed: NDArray[np.bool_]
    predicted: NDArray[np.float64]


def run(recipe: AnyRecipe, flights: Flights, splits: Sequence[Split], progress: Progress) -> list[Tested]:
    """Train and test once a split. Raises ExportError."""
    return [_run_split(recipe, flights, split, progress) for split in splits]


def _run_split(recipe: AnyRecipe, flights: Flights, split: Split, progress: Progress) -> Tested:
    trained = train_on(
        recipe,
        flights,
        split.learn,
        split.validate,
        lambda what, done, total: progress(f"{split.name}: {what}", done, total),
    )
    test = flights.take(split.test)
    return Tested(
        split.name,
        len(split.learn) + len(split.validate),
        trained.model.trees,
        trained.chosen_threshold,
        split.test,
        test.delayed,
        trained.predict(test.parts),
    )


def pool(parts: Sequence[Tested]) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Outcome, probability and validation's threshold of every tested flight, each [N]."""
    return (
        np.concatenate([part.delayed for part in parts]),
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([np.full(len(part.delayed), part.threshold) for part in parts]),
    )


def as_json(protocol: str, recipe: AnyRecipe, parts: Sequence[Tested]) -> dict[str, Any]:
    """The measures over all tested flights, and of each split where there is more than one."""
    delayed, predicted, chosen = pool(parts)
    return {
        "protocol": protocol,
        "recipe": recipe.name,
        "test_flights": len(delayed),
        **measure(delayed, predicted),
        "at_half": {"threshold": 0.5, **at_threshold(delayed, predicted, 0.5)},
        "at_shipped": {"threshold": recipe.threshold, **at_threshold(delayed, predicted, recipe.threshold)},
        "at_chosen": at_threshold(delayed, predicted, chosen),
        "splits": [
            {
                "name": part.name,
                "train_flights": part.trained_on,
                "test_flights": len(part.delayed),
                "trees": part.trees,
                "chosen_threshold": part.threshold,
                **measure(part.delayed, part.predicted),
                "off": float(part.predicted.mean() - part.delayed.mean()),
            }
            for part in parts
        ],
    }


def as_text(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    lines = [
        f"recipe {result['recipe']}, {result['protocol']}, {result['test_flights']:,} held-out flights",
        "",
        "                 trained on  tested on  trees  late   said     AUC     log loss  calibration error",
        *[_row(split["name"], split) for split in result["splits"]],
    ]
    if len(result["splits"]) > 1:
        lines.append(_row("all", result))
    if any(of["auc"] is None for of in result["splits"]):
        lines += ["", "- cannot be told: every flight was late, or none"]
    lines += [
        "",
        f"average precision {_figure(result['average_precision'])}   Brier {result['brier']:.4f}",
        "",
        "threshold           announced  macro F1  precision  recall",
    ]
    for label, name in (("0.50", "at_half"), (f"{result['at_shipped']['threshold']:.2f} (the recipe's)", "at_shipped")):
        lines.append(_at(label, result[name]))
    lines.append(_at("chosen on validation", result["at_chosen"]))
    return "\n".join(lines)


def _row(name: str, of: dict[str, Any]) -> str:
    trained = f"{of['train_flights']:,}" if "train_flights" in of else ""
    trees = of.get("trees", "")
    return (
        f"{name:<17}{trained:>10}{of['test_flights']:>11,}{trees:>7}  {of['delay_rate']:.3f}  "
        f"{of['mean_probability']:.3f}  {_figure(of['auc'])}  {of['log_loss']:.4f}    {of['calibration_error']:.4f}"
    )


def _figure(value: float | None) -> str:
    return "-     " if value is None else f"{value:.4f}"


def _at(label: str, at: dict[str, float]) -> str:
    return (
        f"{label:<20}  {at['announced']:.3f}     {at['macro_f1']:.4f}    {at['precision']:.4f}     {at['recall']:.4f}"
    )

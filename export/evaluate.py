"""How good a recipe is, by a stated protocol: train on one part of the flights, measure on the other."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from export.errors import ExportError
from export.flights import FlightId, Flights
from export.recipes import Recipe
from export.tables import matrix
from export.train import Progress, predict, train


def reference_split(recipe: Recipe, flights: Flights, listed: Sequence[FlightId], progress: Progress) -> dict[str, Any]:
    """Hold out just the listed flights, train on the rest, and measure on those held out."""
    held = held_out(flights, listed)
    learn, test = flights.take(np.flatnonzero(~held)), flights.take(np.flatnonzero(held))
    trained = train(recipe, learn, progress)
    predicted = predict(trained.booster, matrix(trained.tables, test.parts))
    return {
        "protocol": "reference-split",
        "recipe": recipe.name,
        "train_flights": len(learn),
        "test_flights": len(test),
        "trees": trained.booster.num_trees(),
        **measure(test.delayed, predicted),
        "at_half": at_threshold(test.delayed, predicted, 0.5),
        "at_chosen": at_threshold(test.delayed, predicted, trained.chosen_threshold),
    }


def held_out(flights: Flights, listed: Sequence[FlightId]) -> NDArray[np.bool_]:
    """Which of `flights` are listed, counting repeats: bool [N]. Raises ExportError for one that is not there."""
    left = Counter(listed)
    held = np.zeros(len(flights), dtype=np.bool_)
    for row, flight in enumerate(flights.ids):
        if left[flight] > 0:
            left[flight] -= 1
            held[row] = True
    absent = +left
    if absent:
        opera, siglades, when = next(iter(absent))
        raise ExportError(
            f"{absent.total()} of the listed flights are not in the data; the first is {opera} to {siglades} at {when}"
        )
    if held.all():
        raise ExportError("the list holds every flight of the data: none is left to train on")
    return held


def measure(delayed: NDArray[np.bool_], predicted: NDArray[np.float64]) -> dict[str, float]:
    """What needs no threshold."""
    return {
        "auc": float(roc_auc_score(delayed, predicted)),
        "average_precision": float(average_precision_score(delayed, predicted)),
        "log_loss": float(log_loss(delayed, predicted)),
        "brier": float(brier_score_loss(delayed, predicted)),
    }


def at_threshold(delayed: NDArray[np.bool_], predicted: NDArray[np.float64], threshold: float) -> dict[str, float]:
    """Macro F1, and precision and recall of a delay, where one is announced above `threshold`."""
    announced = predicted > threshold
    return {
        "threshold": threshold,
        "macro_f1": float(f1_score(delayed, announced, average="macro")),
        "precision": float(precision_score(delayed, announced, zero_division=0)),
        "recall": float(recall_score(delayed, announced)),
    }


def as_text(result: dict[str, Any], test: Path) -> str:
    """The result as lines for a terminal."""
    lines = [
        f"recipe {result['recipe']}, {result['trees']} trees, trained on {result['train_flights']:,} flights",
        f"measured on {result['test_flights']:,} held-out flights of {test}",
        "",
        f"AUC {result['auc']:.4f}   average precision {result['average_precision']:.4f}   "
        f"log loss {result['log_loss']:.4f}   Brier {result['brier']:.4f}",
        "",
        "threshold            macro F1  precision  recall",
    ]
    for name, at in (("", result["at_half"]), ("(validation's)", result["at_chosen"])):
        label = f"{at['threshold']:.2f} {name}"
        lines.append(f"{label:<19}  {at['macro_f1']:.4f}    {at['precision']:.4f}     {at['recall']:.4f}")
    return "\n".join(lines)

"""How good probabilities are: arrays in, plain numbers out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 10
OUTCOMES = [False, True]


@dataclass(frozen=True)
class Bin:
    """Flights whose probabilities are next to each other: their number, mean probability and delay rate."""

    flights: int
    predicted: float
    delayed: float


def measure(delayed: NDArray[np.bool_], predicted: NDArray[np.float64]) -> dict[str, Any]:
    """What needs no threshold; None for what cannot be told of flights that were all late, or none of them."""
    from sklearn import metrics

    both = len(set(delayed.tolist())) == 2
    return {
        "delay_rate": float(delayed.mean()),
        "mean_probability": float(predicted.mean()),
        "auc": float(metrics.roc_auc_score(delayed, predicted)) if both else None,
        "average_precision": float(metrics.average_precision_score(delayed, predicted)) if both else None,
        "log_loss": float(metrics.log_loss(delayed, predicted, labels=OUTCOMES)),
        "brier": float(metrics.brier_score_loss(delayed, predicted, labels=OUTCOMES)),
        "calibration_error": calibration_error(reliability(delayed, predicted)),
    }


def reliability(delayed: NDArray[np.bool_], predicted: NDArray[np.float64], bins: int = BINS) -> list[Bin]:
    """The flights in order of probability, in bins of the same number of flights."""
    order = np.argsort(predicted, kind="stable")
    return [
        Bin(len(rows), float(predicted[rows].mean()), float(delayed[rows].mean()))
        for rows in np.array_split(order, min(bins, len(order)))
    ]


def calibration_error(bins: list[Bin]) -> float:
    """The expected calibration error: how far predicted and actual rates are apart, over the flights."""
    total = sum(bin.flights for bin in bins)
    return sum(bin.flights * abs(bin.predicted - bin.delayed) for bin in bins) / total


def at_threshold(
    delayed: NDArray[np.bool_], predicted: NDArray[np.float64], threshold: float | NDArray[np.float64]
) -> dict[str, float]:
    """Macro F1, and precision and recall of a delay, where one is announced above `threshold`."""
    from sklearn import metrics

    announced = predicted > threshold
    return {
        "announced": float(announced.mean()),
        "macro_f1": float(metrics.f1_score(delayed, announced, average="macro", labels=OUTCOMES, zero_division=0)),
        "precision": float(metrics.precision_score(delayed, announced, zero_division=0)),
        "recall": float(metrics.recall_score(delayed, announced, zero_division=0)),
    }

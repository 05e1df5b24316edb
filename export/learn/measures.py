"""How good probabilities are: arrays in, plain numbers out."""

from dataclasses import dataclass
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
    both = len(set(delayed.tolist())) == 2
    return {
        "delay_rate": float(delayed.mean()),
        "mean_probability": float(predicted.mean()),
        "auc": float(roc_auc_score(delayed, predicted)) if both else None,
        "average_precision": float(average_precision_score(delayed, predicted)) if both else None,
        "log_loss": float(log_loss(delayed, predicted, labels=OUTCOMES)),
        "brier": float(brier_score_loss(delayed, predicted, labels=OUTCOMES)),
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
    announced = predicted > threshold
    return {
        "announced": float(announced.mean()),
        "macro_f1": float(f1_score(delayed, announced, average="macro", labels=OUTCOMES, zero_division=0)),
        "precision": float(precision_score(delayed, announced, zero_division=0)),
        "recall": float(recall_score(delayed, announced, zero_division=0)),
    }

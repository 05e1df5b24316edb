"""Outcomes and probabilities -> the points of curves, as plain lists."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from sklearn.metrics import precision_recall_curve

Curve = dict[str, Any]

Delayed = NDArray[np.bool_]
Predicted = NDArray[np.float64]


def gain_curve(delayed: Delayed, predicted: Predicted) -> Curve:
    """For each hundredth of the flights, likeliest first: the share of the delayed ones among them, and the lift."""
    order = np.argsort(-predicted, kind="stable")
    found = np.concatenate([[0], np.cumsum(delayed[order])]) / delayed.sum()
    shares = np.arange(1, 101) / 100
    gain = found[np.rint(shares * len(delayed)).astype(int)]
    return {"flights": len(delayed), "share": shares.tolist(), "gain": gain.tolist(), "lift": (gain / shares).tolist()}


def precision_recall(delayed: Delayed, predicted: Predicted) -> Curve:
    """Precision at every hundredth of recall, and the threshold that gives it."""
    precision, recall, thresholds = precision_recall_curve(delayed, predicted)
    wanted = np.arange(1, 101) / 100
    places = [int(np.flatnonzero(recall >= each).max()) for each in wanted]
    at = np.minimum(places, len(thresholds) - 1)
    return {
        "recall": wanted.tolist(),
        "precision": precision[places].tolist(),
        "threshold": thresholds[at].astype(float).tolist(),
    }


def level_known(delayed: Delayed, predicted: Predicted) -> Predicted:
    """The probabilities with their log-odds all moved by the same amount, so that their mean is the delay rate."""
    odds = np.log(predicted / (1 - predicted))
    rate = delayed.mean()

    def off(shift: float) -> float:
        return float((1 / (1 + np.exp(-odds - shift))).mean() - rate)

    moved: Predicted = 1 / (1 + np.exp(-odds - brentq(off, -20, 20)))
    return moved

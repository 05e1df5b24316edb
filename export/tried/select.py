"""Features -> fewer features. Each way looks at the source rows only."""

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from export.learn.protocols import Rows
from export.learn.train import FIXED
from export.tried.columns import Table
from export.tried.features import Features, Maker, Matrix

Labels = NDArray[np.bool_]

Select = Callable[[Matrix, Labels], list[int]]
"""The places of the features to keep, in order; at least one."""


def selected(maker: Maker, *ways: Select) -> Maker:
    """The maker's features, thinned by one way after the other."""

    def make(table: Table, source: Rows) -> Features:
        features = maker(table, source)
        for way in ways:
            features = features.only(way(features.of(source), table.flights.delayed[source]))
        return features

    return make


def uncorrelated(limit: float = 0.8) -> Select:
    """Drop a feature whose correlation with one kept before it is above `limit`, and constants."""

    def select(matrix: Matrix, labels: Labels) -> list[int]:
        kept: list[int] = []
        varied = [place for place in range(matrix.shape[1]) if np.ptp(matrix[:, place]) > 0]
        correlation = np.abs(np.corrcoef(matrix[:, varied].T.astype(np.float64))).reshape(len(varied), -1)
        for number in range(len(varied)):
            if all(correlation[number, other] <= limit for other in kept):
                kept.append(number)
        return [varied[number] for number in kept] or [0]

    return select


def by_l1(strength: float = 0.01) -> Select:
    """Keep what a logistic regression with L1 regularisation gives a weight."""

    def select(matrix: Matrix, labels: Labels) -> list[int]:
        model = LogisticRegression(C=strength, l1_ratio=1, solver="liblinear", random_state=0)
        model.fit(StandardScaler().fit_transform(matrix.astype(np.float64)), labels)
        return np.flatnonzero(model.coef_[0]).tolist() or [0]

    return select


def by_importance(share: float = 0.02) -> Select:
    """Keep what has at least `share` of all the gain in a LightGBM model."""

    def select(matrix: Matrix, labels: Labels) -> list[int]:
        data = lgb.Dataset(matrix, labels.astype(np.int8))
        gain = lgb.train({**FIXED, "seed": 0}, data, 100).feature_importance("gain")
        return np.flatnonzero(gain >= share * gain.sum()).tolist() or [int(gain.argmax())]

    return select


def most_important(count: int = 10) -> Select:
    """Keep the features that the notebook's XGBoost splits by most often, as its importance plot counts them."""

    def select(matrix: Matrix, labels: Labels) -> list[int]:
        params = {"objective": "binary:logistic", "learning_rate": 0.01, "seed": 0}
        splits = xgb.train(params, xgb.DMatrix(matrix, labels), 100).get_score(importance_type="weight")
        best = sorted(splits, key=lambda name: (-float(splits[name]), int(name[1:])))[:count]  # type: ignore[arg-type]
        return sorted(int(name[1:]) for name in best) or [0]

    return select

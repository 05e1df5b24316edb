"""The kinds of models that were tried, all as the same two steps.

A `Choose` looks at the validation flights and gives a `Fit`; that is then used on all that may be learnt from.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import optuna
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from export.learn.train import FIXED
from export.tried.features import Matrix
from export.tried.select import Labels

Predict = Callable[[Matrix], NDArray[np.float64]]
Fit = Callable[[Matrix, Labels], Predict]
Choose = Callable[[Matrix, Labels, Matrix, Labels], Fit]
"""From features and labels to learn from, and those to validate on."""

GRID: Mapping[str, Sequence[Any]] = {
    "learning_rate": (0.01, 0.05, 0.1),
    "trees": (50, 100, 150),
    "subsample": (0.5, 0.9),
}
MOST_TREES, PATIENCE = 1_000, 50

optuna.logging.set_verbosity(optuna.logging.ERROR)


def plain(fit: Fit) -> Choose:
    """Nothing is chosen."""
    return lambda features, labels, held, held_labels: fit


def logistic(features: Matrix, labels: Labels) -> Predict:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    model.fit(features.astype(np.float64), labels)
    return lambda rows: np.asarray(model.predict_proba(rows.astype(np.float64))[:, 1])


def xgboost(learning_rate: float = 0.01, trees: int = 100, subsample: float = 1.0, depth: int = 10) -> Fit:
    def fit(features: Matrix, labels: Labels) -> Predict:
        params = {
            "objective": "binary:logistic",
            "learning_rate": learning_rate,
            "subsample": subsample,
            "max_depth": depth,
            "seed": 0,
        }
        booster = xgb.train(params, xgb.DMatrix(features, labels), trees)
        return lambda rows: booster.predict(xgb.DMatrix(rows)).astype(np.float64)

    return fit


def upsampled(fit: Fit) -> Fit:
    """Delayed flights repeated at random until there are as many as the others."""

    def fit_upsampled(features: Matrix, labels: Labels) -> Predict:
        late, rest = np.flatnonzero(labels), np.flatnonzero(~labels)
        drawn = np.random.default_rng(0).choice(late, max(0, len(rest) - len(late)))
        rows = np.concatenate([rest, late, drawn])
        return fit(features[rows], labels[rows])

    return fit_upsampled


def grid_search(grid: Mapping[str, Sequence[Any]] = GRID) -> Choose:
    """XGBoost with each combination of `grid`; the one with the lowest log loss on validation."""

    def choose(features: Matrix, labels: Labels, held: Matrix, held_labels: Labels) -> Fit:
        fits = [xgboost(**dict(zip(grid, values, strict=True))) for values in itertools.product(*grid.values())]
        return min(fits, key=lambda fit: log_loss(held_labels, fit(features, labels)(held), labels=[False, True]))

    return choose


def lightgbm(**params: Any) -> Choose:
    """LightGBM with as many trees as validation likes best."""

    def choose(features: Matrix, labels: Labels, held: Matrix, held_labels: Labels) -> Fit:
        trees = _early_stopped(params, features, labels, held, held_labels).best_iteration
        return _lightgbm(params, trees)

    return choose


def search(trials: int) -> Choose:
    """LightGBM with parameters searched by Optuna, each trial stopped early; the lowest log loss on validation."""

    def choose(features: Matrix, labels: Labels, held: Matrix, held_labels: Labels) -> Fit:
        def trial_loss(trial: optuna.Trial) -> float:
            params = {
                "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
                "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
                "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 20, 500, log=True),
                "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 50, log=True),
                "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            }
            booster = _early_stopped(params, features, labels, held, held_labels)
            trial.set_user_attr("trees", booster.best_iteration)
            return float(booster.best_score["valid_0"]["binary_logloss"])

        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
        study.optimize(trial_loss, trials)
        return _lightgbm(study.best_params, study.best_trial.user_attrs["trees"])

    return choose


def _early_stopped(
    params: Mapping[str, Any], features: Matrix, labels: Labels, held: Matrix, held_labels: Labels
) -> lgb.Booster:
    data = lgb.Dataset(features, labels.astype(np.int8))
    valid = data.create_valid(held, held_labels.astype(np.int8))
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train({**FIXED, "seed": 0, **params}, data, MOST_TREES, valid_sets=[valid], callbacks=[stop])


def _lightgbm(params: Mapping[str, Any], trees: int) -> Fit:
    def fit(features: Matrix, labels: Labels) -> Predict:
        booster = lgb.train({**FIXED, "seed": 0, **params}, lgb.Dataset(features, labels.astype(np.int8)), trees)
        return lambda rows: np.asarray(booster.predict(rows), dtype=np.float64)

    return fit

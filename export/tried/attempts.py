"""The path that was tried: one attempt after the other, each with its features and its model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from export.learn.evaluate import Tested
from export.learn.protocols import Rows, Split
from export.learn.train import best_threshold
from export.progress import Progress
from export.tried.columns import NAMES, Table
from export.tried.features import Features, Maker, dummies, ratios
from export.tried.models import GRID, Choose, Fit, grid_search, lightgbm, logistic, plain, search, upsampled, xgboost
from export.tried.select import by_importance, by_l1, most_important, selected, uncorrelated

NOTEBOOK = dummies("OPERA", "TIPOVUELO", "MES")
TRIALS, QUICK_TRIALS = 20, 3
QUICK_GRID = {"learning_rate": (0.01, 0.1)}


@dataclass(frozen=True)
class Attempt:
    """`reached` is the macro F1 that the reference solution tells of this step, where it does."""

    name: str
    features: Maker
    choose: Choose
    reached: float | None = None


def attempts(quick: bool = False) -> list[Attempt]:
    """In the order in which they were made; `quick` searches less."""
    thinned = selected(ratios(), uncorrelated(), by_l1(), by_importance())
    return [
        Attempt("logistic regression, dummies", NOTEBOOK, plain(logistic), 0.48),
        Attempt("XGBoost, dummies", NOTEBOOK, plain(xgboost()), 0.48),
        Attempt("XGBoost, ten dummies", selected(NOTEBOOK, most_important()), plain(xgboost()), 0.46),
        Attempt("XGBoost, dummies, upsampled", NOTEBOOK, plain(upsampled(xgboost())), 0.54),
        Attempt("XGBoost, dummies, grid search", NOTEBOOK, grid_search(QUICK_GRID if quick else GRID)),
        Attempt("LightGBM, dummies of all columns", dummies(*NAMES), lightgbm()),
        Attempt("logistic regression, delay ratios", ratios(), plain(logistic)),
        Attempt("XGBoost, delay ratios", ratios(), plain(xgboost(0.05, 200, 0.9, 6))),
        Attempt("LightGBM, delay ratios", ratios(), lightgbm()),
        Attempt("LightGBM, uncorrelated ratios", selected(ratios(), uncorrelated()), lightgbm()),
        Attempt("LightGBM, ratios chosen by L1", selected(ratios(), uncorrelated(), by_l1()), lightgbm()),
        Attempt("LightGBM, ratios chosen by importance", thinned, lightgbm()),
        Attempt("LightGBM, the same, Optuna", thinned, search(QUICK_TRIALS if quick else TRIALS), 0.5622),
    ]


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave on every split; `features` are those of each split's model."""

    tested: list[Tested]
    features: list[list[str]]


def try_out(attempt: Attempt, table: Table, splits: Sequence[Split], progress: Progress) -> Outcome:
    tested, names = [], []
    for number, split in enumerate(splits):
        progress(attempt.name, number, len(splits))
        part, features = _try_split(attempt, table, split)
        tested.append(part)
        names.append(features.names)
    progress(attempt.name, len(splits), len(splits))
    return Outcome(tested, names)


def _try_split(attempt: Attempt, table: Table, split: Split) -> tuple[Tested, Features]:
    """Choose on the validation flights, then learn from them too. No outcome of a test flight is looked at."""
    delayed = table.flights.delayed
    features = attempt.features(table, split.learn)
    learn, held = features.of(split.learn), features.of(split.validate)
    fit: Fit = attempt.choose(learn, delayed[split.learn], held, delayed[split.validate])
    threshold = best_threshold(delayed[split.validate], fit(learn, delayed[split.learn])(held))
    known: Rows = np.sort(np.concatenate([split.learn, split.validate]))
    features = attempt.features(table, known)
    predicted = fit(features.of(known), delayed[known])(features.of(split.test))
    return Tested(split.name, len(known), 0, threshold, split.test, delayed[split.test], predicted), features

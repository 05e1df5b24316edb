"""The flights -> every figure of the report, as plain JSON values. It neither draws nor writes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from export.data.flights import Flights
from export.learn.evaluate import Tested, pool, run
from export.learn.evidence.ranges import check_range
from export.learn.fitted.trained import recipe_tables
from export.learn.measures import at_threshold, calibration_error, measure, reliability
from export.learn.protocols import Split
from export.learn.recipes import EFFECTS, IMPROVED, REFERENCE, AnyRecipe
from export.learn.tables import matrix
from export.learn.train import choose, predict, train, train_on
from export.progress import Progress
from export.report.about import QUICK_SHARE, TALKED_OF, about_flights, about_recipe, rates, variants
from export.report.curves import gain_curve, level_known, precision_recall
from export.report.kept import kept
from export.tried.attempts import Attempt, attempts, try_out
from export.tried.columns import Table

Figures = dict[str, Any]

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
TREES = (5, 10, 20, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300)
COMPARED: tuple[AnyRecipe, ...] = (REFERENCE, IMPROVED, EFFECTS)


@dataclass(frozen=True)
class Plan:
    """What the report is computed from; `listed` tells whether the reference split is the reference's own list."""

    table: Table
    reference_split: list[Split]
    backtest: list[Split]
    listed: bool
    quick: bool

    @property
    def protocols(self) -> dict[str, list[Split]]:
        return {"reference_split": self.reference_split, "backtest": self.backtest}


def thinned(splits: Sequence[Split]) -> list[Split]:
    """The same splits with a part of the flights."""
    step = QUICK_SHARE
    return [Split(each.name, each.learn[::step], each.validate[::step], each.test[::step]) for each in splits]


def study(plan: Plan, progress: Progress) -> Figures:
    """Train and test everything. The same flights give the same figures. Raises ExportError."""
    flights = plan.table.flights
    path = [_path_row(attempt, plan, progress) for attempt in attempts(plan.quick)]
    tested = {recipe.name: _both(recipe, recipe.name, plan, progress) for recipe in COMPARED}
    own = {"reference": 0.5622}
    for recipe in COMPARED:
        both = {protocol: _scores(parts) for protocol, parts in tested[recipe.name].items()}
        row = {
            "name": f"recipe {recipe.name}",
            "features": len(recipe.features),
            "reached": own.get(recipe.name),
            **both,
        }
        path.append(row)
    improved, reference = tested["improved"], tested["reference"]
    return {
        "quick": plan.quick,
        "listed": plan.listed,
        "data": about_flights(flights),
        "rates": rates(plan.table),
        "path": path,
        "months": [
            _month(ours, theirs) for ours, theirs in zip(improved["backtest"], reference["backtest"], strict=True)
        ],
        "recipes": {
            name: {protocol: _full(parts) for protocol, parts in both.items()} for name, both in tested.items()
        },
        "variants": _variants(improved, plan, progress),
        "kept": kept(tested, flights, plan.quick, progress),
        "calibration": _calibration(improved),
        "range": check_range(flights, plan.backtest, improved["backtest"]),
        "thresholds": {protocol: _at_thresholds(parts) for protocol, parts in improved.items()},
        "precision_recall": {protocol: precision_recall(*pool(parts)[:2]) for protocol, parts in improved.items()},
        "gain": _gain(plan, improved, progress),
        "trees": _trees(plan, progress),
        "importance": importance(flights, progress),
        "shipped": about_recipe(),
    }


def _path_row(attempt: Attempt, plan: Plan, progress: Progress) -> Figures:
    row: Figures = {"name": attempt.name, "reached": attempt.reached}
    for protocol, splits in plan.protocols.items():
        outcome = try_out(attempt, plan.table, splits, partial(_named, progress, protocol))
        row[protocol] = _scores(outcome.tested)
        if protocol == "reference_split":
            row["features"] = len(outcome.features[0])
            row["kept"] = outcome.features[0] if len(outcome.features[0]) <= 20 else None
    return row


def _named(progress: Progress, protocol: str, what: str, done: int, total: int) -> None:
    progress(f"{what}, {protocol.replace('_', ' ')}", done, total)


def _both(recipe: AnyRecipe, name: str, plan: Plan, progress: Progress) -> dict[str, list[Tested]]:
    """The recipe tested by both protocols."""
    return {
        protocol: _tested(
            recipe, plan.table.flights, splits, partial(progress, f"{name}, {protocol.replace('_', ' ')}")
        )
        for protocol, splits in plan.protocols.items()
    }


def _tested(recipe: AnyRecipe, flights: Flights, splits: Sequence[Split], progress: Any) -> list[Tested]:
    parts = []
    for number, split in enumerate(splits):
        progress(number, len(splits))
        parts += run(recipe, flights, [split], _silent)
    progress(len(splits), len(splits))
    return parts


def _silent(what: str, done: int, total: int) -> None:
    pass


def _scores(parts: Sequence[Tested]) -> Figures:
    """What the table of everything tried shows of a model."""
    delayed, predicted, chosen = pool(parts)
    measures = measure(delayed, predicted)
    return {
        "auc": measures["auc"],
        "log_loss": measures["log_loss"],
        "calibration_error": measures["calibration_error"],
        "macro_f1_at_half": at_threshold(delayed, predicted, 0.5)["macro_f1"],
        "macro_f1_at_chosen": at_threshold(delayed, predicted, chosen)["macro_f1"],
    }


def _full(parts: Sequence[Tested]) -> Figures:
    delayed, predicted, _ = pool(parts)
    return {
        "test_flights": len(delayed),
        "trees": [part.trees for part in parts],
        **measure(delayed, predicted),
        "macro_f1_at_half": at_threshold(delayed, predicted, 0.5)["macro_f1"],
        "macro_f1_at_shipped": at_threshold(delayed, predicted, IMPROVED.threshold)["macro_f1"],
        "reliability": [asdict(bin) for bin in reliability(delayed, predicted)],
    }


def _month(ours: Tested, theirs: Tested) -> Figures:
    return {
        "month": ours.name,
        "flights": len(ours.delayed),
        "improved": measure(ours.delayed, ours.predicted),
        "off": float(ours.predicted.mean() - ours.delayed.mean()),
        "reference": measure(theirs.delayed, theirs.predicted),
    }


def _variants(improved: dict[str, list[Tested]], plan: Plan, progress: Progress) -> list[Figures]:
    """The shipped recipe and its variants, by both protocols."""
    chosen = variants()[:TALKED_OF] if plan.quick else variants()
    tested = {name: _both(recipe, name, plan, progress) for name, recipe in chosen}
    return [_variant(name, both) for name, both in {"as shipped": improved, **tested}.items()]


def _variant(name: str, both: dict[str, list[Tested]]) -> Figures:
    scores = {protocol: _scores(parts) for protocol, parts in both.items()}
    return {"name": name, "month_auc": within_months(both["backtest"]), **scores}


def within_months(parts: Sequence[Tested]) -> float:
    """The mean AUC of the months, each as heavy as its flights: pooled AUC less what telling months apart is worth."""
    weights = [len(part.delayed) for part in parts]
    return float(np.average([measure(part.delayed, part.predicted)["auc"] for part in parts], weights=weights))


def _calibration(improved: dict[str, list[Tested]]) -> Figures:
    """How much of the calibration error is left where each month's delay rate is known beforehand."""
    parts = improved["backtest"]
    delayed, predicted, _ = pool(parts)
    known = np.concatenate([level_known(part.delayed, part.predicted) for part in parts])
    return {
        "error": calibration_error(reliability(delayed, predicted)),
        "error_level_known": calibration_error(reliability(delayed, known)),
        "log_loss_level_known": measure(delayed, known)["log_loss"],
        "reliability_level_known": [asdict(bin) for bin in reliability(delayed, known)],
    }


def _at_thresholds(parts: Sequence[Tested]) -> list[Figures]:
    delayed, predicted, _ = pool(parts)
    return [{"threshold": threshold, **at_threshold(delayed, predicted, threshold)} for threshold in THRESHOLDS]


def _gain(plan: Plan, improved: dict[str, list[Tested]], progress: Progress) -> Figures:
    """Of the reference split's parts by a model that learnt from the first of them, and of both tests."""
    (split,), flights = plan.reference_split, plan.table.flights
    learn, validate = flights.take(split.learn), flights.take(split.validate)
    booster, _ = choose(IMPROVED, learn, validate, progress)
    tables = recipe_tables(IMPROVED, learn)
    curves = {
        name: gain_curve(part.delayed, predict(booster, matrix(tables, part.parts)))
        for name, part in (("training", learn), ("validation", validate))
    }
    curves["test"] = gain_curve(*pool(improved["reference_split"])[:2])
    curves["backtest"] = gain_curve(*pool(improved["backtest"])[:2])
    return curves


def _trees(plan: Plan, progress: Progress) -> list[Figures]:
    """Pooled backtest quality of the first trees of a longer booster."""
    flights, longer = plan.table.flights, replace(IMPROVED, max_trees=max(TREES))
    delayed, features, boosters = [], [], []
    for number, split in enumerate(plan.backtest):
        progress("more trees and fewer", number, len(plan.backtest))
        trained = train_on(longer, flights, split.learn, split.validate, _silent)
        test = flights.take(split.test)
        delayed.append(test.delayed)
        features.append(matrix(trained.tables, test.parts))
        boosters.append(trained.booster)
    progress("more trees and fewer", len(plan.backtest), len(plan.backtest))
    rows = []
    for trees in TREES:
        predicted = [
            np.asarray(booster.predict(rows, num_iteration=trees))
            for booster, rows in zip(boosters, features, strict=True)
        ]
        measures = measure(np.concatenate(delayed), np.concatenate(predicted))
        rows.append({"trees": trees, "auc": measures["auc"], "log_loss": measures["log_loss"]})
    return rows


def importance(flights: Flights, progress: Progress) -> list[Figures]:
    """Each feature's share of the gain in the model of all flights."""
    gain = train(IMPROVED, flights, progress).booster.feature_importance("gain")
    order = np.argsort(-gain, kind="stable")
    return [{"feature": IMPROVED.features[place].name, "gain": float(gain[place] / gain.sum())} for place in order]

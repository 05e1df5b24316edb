"""The recipe that ships with one idea taken away, or another added."""

from dataclasses import replace

from export.learn.ratios import DaysOff, Ratio
from export.learn.recipes import IMPROVED, Recipe

TALKED_OF = 3
"""Variants that the page has a sentence about; a quick report has no others."""


def variants() -> list[tuple[str, Recipe]]:
    """Each by its name; those that the page talks of first."""
    undated = tuple(feature for feature in IMPROVED.features if not feature.dated)
    plain = tuple(
        feature for feature in IMPROVED.features if not (isinstance(feature, Ratio) and "hora" in feature.key)
    )
    worked = tuple(feature for feature in IMPROVED.features if not isinstance(feature, DaysOff))
    raw = tuple(replace(each, smoothing=0.0) if isinstance(each, Ratio) else each for each in IMPROVED.features)
    month = (*IMPROVED.features, Ratio(("MES",), smoothing=20))
    day = (*undated, Ratio(("MES",)), Ratio(("DIA",)))
    return [
        ("old flights count as much as new ones", replace(IMPROVED, half_life=None)),
        ("no features of single days", replace(IMPROVED, features=undated, unknown_days=0.0)),
        ("month's ratio added", replace(IMPROVED, features=month)),
        ("no copies with unknown days", replace(IMPROVED, unknown_days=0.0)),
        ("no days off", replace(IMPROVED, features=worked)),
        ("greedy trees", replace(IMPROVED, params={**IMPROVED.params, "extra_trees": False})),
        ("no ratios by hour", replace(IMPROVED, features=plain)),
        ("no smoothing", replace(IMPROVED, features=raw)),
        ("own outcome in the ratios (no folds)", replace(IMPROVED, folds=None)),
        ("month and day of month instead of single days", replace(IMPROVED, features=day, unknown_days=0.0)),
        ("31 leaves", replace(IMPROVED, params={**IMPROVED.params, "num_leaves": 31})),
        ("7 leaves", replace(IMPROVED, params={**IMPROVED.params, "num_leaves": 7})),
    ]

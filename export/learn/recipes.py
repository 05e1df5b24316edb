"""Recipes: which features, which LightGBM parameters. A new one is a few lines here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from export.learn.effects.effect import Effect, Effects, KindOfDay
from export.learn.ratios import DaysOff, Feature, Ratio, Value


@dataclass(frozen=True)
class Recipe:
    """What `train` needs to know.

    `threshold` is the probability above which a reply says «Alta». `patience` is that of early stopping on the
    validation flights; None takes `max_trees`. With `folds`, a flight's training features come from the flights of
    the other folds, so that no flight's own outcome is among them. `unknown_days` is the weight of a second copy of
    each training flight whose day is unknown, as every day of the future is; the first copy has the rest of the
    weight. `half_life`, in months, makes old flights count less, in the tables and in training.
    """

    name: str
    features: tuple[Feature, ...]
    params: Mapping[str, float | int | str | bool]
    threshold: float = 0.5
    max_trees: int = 2_000
    patience: int | None = 50
    folds: int | None = None
    unknown_days: float = 0.0
    half_life: float | None = None
    seed: int = 0


REFERENCE = Recipe(
    name="reference",
    features=(
        Ratio(("SIGLADES",)),
        Ratio(("OPERA",)),
        Ratio(("MES",)),
        Ratio(("periodo_dia",)),
        Ratio(("OPERA",), months=1),
        Ratio(("DIA",), months=1),
        Ratio(("DIA",), months=3),
    ),
    # 0.15 needs half the trees of 0.05 for the same validation loss, and each tree costs serving time.
    params=MappingProxyType({"learning_rate": 0.15, "num_leaves": 31, "min_data_in_leaf": 20}),
)

IMPROVED = Recipe(
    name="improved",
    features=(
        Value("hora"),
        Value("dia_semana"),
        Ratio(("OPERA",), smoothing=20),
        Ratio(("SIGLADES",), smoothing=20),
        Ratio(("OPERA", "SIGLADES"), smoothing=20),
        Ratio(("OPERA", "hora"), smoothing=20),
        Ratio(("SIGLADES", "hora"), smoothing=20),
        Ratio(("OPERA", "SIGLADES", "hora"), smoothing=20),
        Ratio(("FECHA",), smoothing=20),
        Ratio(("FECHA", "periodo_dia"), smoothing=20),
        Ratio(("FECHA", "OPERA"), smoothing=10),
        DaysOff(),
    ),
    params=MappingProxyType(
        {"learning_rate": 0.2, "num_leaves": 15, "min_data_in_leaf": 300, "lambda_l2": 20, "extra_trees": True}
    ),
    threshold=0.25,
    max_trees=50,
    patience=None,
    folds=5,
    unknown_days=0.8,
    half_life=6,
)

EFFECTS = Effects(
    name="effects",
    features=(
        Effect(("OPERA",)),
        Effect(("SIGLADES",)),
        Effect(("OPERA", "hora"), scale=0.5),
        Effect(("OPERA", "SIGLADES", "hora"), scale=0.5),
        Effect(("OPERA", "SIGLADES", "HH:MM"), scale=0.5),
        Effect(("dia_semana", "hora"), scale=0.3),
        KindOfDay(),
        Effect(("FECHA",)),
        Effect(("FECHA", "periodo_dia")),
        Effect(("FECHA", "OPERA")),
    ),
)

AnyRecipe = Recipe | Effects

RECIPES: dict[str, AnyRecipe] = {recipe.name: recipe for recipe in (REFERENCE, IMPROVED, EFFECTS)}

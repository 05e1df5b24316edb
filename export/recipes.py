"""Recipes: which features, which LightGBM parameters. A new one is a few lines here."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from export.ratios import Ratio


@dataclass(frozen=True)
class Recipe:
    """`threshold` is the probability above which a reply says «Alta»; validation chooses only the number of trees."""

    name: str
    features: tuple[Ratio, ...]
    params: Mapping[str, float | int | str | bool]
    threshold: float = 0.5
    max_trees: int = 2_000
    patience: int = 50
    validation_share: float = 0.125
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

RECIPES = {recipe.name: recipe for recipe in (REFERENCE,)}

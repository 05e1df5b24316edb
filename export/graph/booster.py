"""Somebody's LightGBM text model, checked: binary, and with the features that their tables have."""

import re
from collections.abc import Sequence
from pathlib import Path

import lightgbm as lgb

from export.errors import ExportError
from export.learn.tables import Table
from export.learn.train import booster_name


def read_booster(path: Path) -> lgb.Booster:
    """Load a text model as LightGBM 3 and 4 write it. Raises ExportError where it is none, or not binary."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ExportError(f"{path}: not a LightGBM text model: it is not text") from None
    # LightGBM itself takes a file that ends too early, with the trees that it has.
    if not text.startswith("tree\n") or "\nend of trees\n" not in text:
        raise ExportError(
            f"{path}: not a whole LightGBM text model: it should start with `tree` and have `end of trees`"
        )
    # `tree_sizes` counts bytes. In an edited file they are wrong, and LightGBM would abort the whole process.
    try:
        booster = lgb.Booster(model_str=re.sub(r"(?m)^tree_sizes=.*\n", "", text))
    except lgb.basic.LightGBMError as error:
        raise ExportError(f"{path}: not a LightGBM text model: {error}") from None
    objective = booster.dump_model(num_iteration=1).get("objective", "none")
    if objective.split()[0] != "binary":
        raise ExportError(
            f"{path}: its objective is {objective!r}; only a binary model gives the probability of a delay"
        )
    return booster


def order_tables(booster: lgb.Booster, tables: Sequence[Table]) -> list[Table]:
    """The tables in the order of the booster's features, whose names have `_` for spaces. Raises ExportError."""
    by_name = {booster_name(table.name): table for table in tables}
    names = booster.feature_name()
    missing = [name for name in names if name not in by_name]
    extra = [table.name for name, table in by_name.items() if name not in names]
    if missing or extra or len(by_name) < len(tables):
        raise ExportError(
            "the booster's features are not those of the tables: "
            f"the booster alone has {missing or 'none'}, the tables alone have {extra or 'none'}"
        )
    return [by_name[name] for name in names]

"""Somebody's LightGBM text model, checked: binary, and with the features that their tables have."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from export.errors import ExportError
from export.graph.forest.text import read_forest, to_text
from export.learn.tables import Table
from export.learn.train import booster_name
from export.progress import say

if TYPE_CHECKING:
    import lightgbm as lgb


def read_booster(path: Path) -> "lgb.Booster":
    """Load a text model as LightGBM 2 to 4 write it. Raises ExportError where it is none, or not binary."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ExportError(f"{path}: not a LightGBM text model: it is not text") from None
    import lightgbm as lgb

    try:
        forest = read_forest(text)
        booster = lgb.Booster(model_str=to_text(forest))
    except (ExportError, lgb.basic.LightGBMError) as error:
        raise ExportError(f"{path}: {error}") from None
    if forest.average and "\nversion=v2" in text.replace("\r", "").partition("\nTree=")[0]:
        say(
            f"atraso: {path}: the leaves of a forest that LightGBM 2 wrote are probabilities; "
            "the LightGBM of today takes them for log odds, and so does what is made here"
        )
    return booster


def order_tables(booster: "lgb.Booster", tables: Sequence[Table]) -> list[Table]:
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

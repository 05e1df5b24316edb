"""A booster and its tables -> a proved bundle in memory: the way that `train` and `convert` share."""

import math
from typing import Any

import numpy as np

from export.bundle import Bundle, make_bundle
from export.data.codes import Codes
from export.data.flights import Flights
from export.errors import ExportError
from export.graph.convert import to_onnx
from export.graph.drawn import Samples, samples
from export.graph.forest.text import read_forest
from export.graph.verify import prove, prove_pipeline
from export.learn.distribution import spreads
from export.learn.evidence.count import count
from export.learn.fitted.linear import Linear, Truth
from export.learn.tables import Table, matrix
from export.learn.train import predict
from export.names import spellings
from export.progress import Progress

LARGEST_LEVEL = 50
"""Beyond it every flight is late, or none."""

LEAST_AUC = 0.505
"""Of a model's own flights: less is none."""


def assemble(
    truth: Truth,
    tables: list[Table],
    about: dict[str, Any],
    flights: Flights | None,
    progress: Progress,
    codes: Codes | None = None,
) -> Bundle:
    """Convert, prove and describe; `flights` are those it was trained on, where they are known. Raises ParityError."""
    level = about.get("level", 0.0)
    model = to_onnx(truth, [table.name for table in tables], level)
    drawn = samples(tables, flights.parts if flights else ())
    aligned, parity = prove(truth, model, tables, drawn, progress, level)
    data = about_data(flights, aligned) if flights else None
    content, names = model.SerializeToString(deterministic=True), spellings(aligned, codes)
    evidence = count(aligned, flights) if flights else None
    return proved(make_bundle(content, aligned, about, data, parity, names, evidence), drawn, progress)


def proved(bundle: Bundle, drawn: Samples, progress: Progress) -> Bundle:
    """The bundle, once its `pipeline.onnx` is proved to be the rest of it. Raises ParityError."""
    prove_pipeline(bundle.tables, bundle.model, bundle.pipeline, drawn, progress)
    return bundle


def about_data(flights: Flights, tables: list[Table]) -> dict[str, Any]:
    """What the manifest tells of the flights that the tables came from."""
    first, last = flights.scheduled.min().item(), flights.scheduled.max().item()
    return {
        "rows": len(flights),
        "sha256": flights.sha256,
        "from": str(first.date()),
        "to": str(last.date()),
        "delay_rate": float(flights.delayed.mean()),
        "average": dict(zip([table.name for table in tables], averages(tables, flights), strict=True)),
        "distribution": spreads(tables, flights),
    }


def check_ranks(truth: Truth, tables: list[Table], flights: Flights) -> None:
    """Raises ExportError where the model tells nothing of the very flights that it is made for."""
    if not isinstance(truth, Linear) and not any(read_forest(truth.model_to_string()).splits()):
        raise ExportError("the model has no split: it gives every flight the same probability, and is not written")
    if flights.delayed.all() or not flights.delayed.any():
        return
    from sklearn.metrics import roc_auc_score

    auc = float(roc_auc_score(flights.delayed, predict(truth, matrix(tables, flights.parts))))
    if auc < LEAST_AUC:
        raise ExportError(f"the model ranks its own flights no better than chance (AUC {auc:.3f}): it is not written")


def averages(tables: list[Table], flights: Flights) -> list[float]:
    """The mean of each feature over the flights that have it: the flight that others are explained against."""
    features = matrix(tables, flights.parts)
    means: list[float] = features.mean(axis=0).tolist()
    for place in np.flatnonzero(np.isnan(means)):
        known = features[~np.isnan(features[:, place]), place]
        means[place] = float(known.mean()) if len(known) else math.nan
    return means


def about_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Name, version, recipe, threshold and level from a user's manifest, where it has them."""
    known = manifest.get("model")
    given = known if isinstance(known, dict) else {}
    defaults: dict[str, Any] = {
        "name": "flight_delay",
        "version": "1",
        "recipe": "converted",
        "threshold": 0.5,
        "level": 0.0,
    }
    about = {name: given.get(name, default) for name, default in defaults.items()}
    for name in ("name", "version", "recipe"):
        if not isinstance(about[name], str):
            raise ExportError(f"manifest.json: the model's {name} should be a text, not {about[name]!r:.50}")
    threshold = about["threshold"]
    if isinstance(threshold, bool) or not isinstance(threshold, float | int) or not 0 <= threshold <= 1:
        raise ExportError(f"manifest.json: the model's threshold should be a number from 0 to 1, not {threshold!r:.50}")
    level = about["level"]
    if isinstance(level, bool) or not isinstance(level, float | int) or not abs(level) <= LARGEST_LEVEL:
        raise ExportError(f"manifest.json: the model's level should be a number from -50 to 50, not {level!r:.50}")
    return about

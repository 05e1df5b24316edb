"""A bundle and newer flights -> how far the world has moved away from the model. It changes nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.assemble import about_of
from export.bundle import Bundle
from export.data.flights import Flights
from export.errors import ExportError
from export.graph.sessions import OnnxModel
from export.learn.distribution import read_spreads, stability_index
from export.learn.measures import calibration_error, reliability
from export.learn.tables import Table, keys_of, known_values, matrix

Figures = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What may be, before somebody should look."""

    max_psi: float = 0.25
    max_unknown: float = 0.05
    max_rate_change: float = 0.05
    min_auc: float = 0.6
    max_calibration_error: float = 0.08


def drift(bundle: Bundle, flights: Flights, limits: Limits) -> Figures:
    """All figures, the checks against the limits, and whether all are `ok`. Raises ExportError."""
    before, rate = read_spreads(bundle.manifest, bundle.tables), _training_rate(bundle)
    features = matrix(bundle.tables, flights.parts)
    predicted = OnnxModel(bundle.model).predict(features).astype(np.float64)
    quality = _quality(flights.delayed, predicted) if flights.happened else _expected(predicted)
    rows = [
        {
            "name": table.name,
            "psi": stability_index(before[table.name], column) if table.name in before else None,
            "unknown": _unknown_keys(table, flights),
        }
        for table, column in zip(bundle.tables, features.T, strict=True)
    ]
    unknown = {
        part: _unknown_values(part, place, bundle.tables, flights) for place, part in enumerate(("OPERA", "SIGLADES"))
    }
    checks = _checks(limits, rows, unknown, quality, rate)
    return {
        "flights": len(flights),
        "from": str(flights.scheduled.min())[:10],
        "to": str(flights.scheduled.max())[:10],
        "sha256": flights.sha256,
        "model": about_of(bundle.manifest),
        "training_delay_rate": rate,
        "features": rows,
        "unknown": unknown,
        **quality,
        "limits": asdict(limits),
        "checks": checks,
        "exceeded": [check["what"] for check in checks if not check["ok"]],
        "ok": all(check["ok"] for check in checks),
    }


def _training_rate(bundle: Bundle) -> float:
    match bundle.manifest["data"]:
        case {"delay_rate": float() | int() as rate}:
            return rate
    raise ExportError("manifest.json: its data have no delay_rate")


def _quality(delayed: NDArray[np.bool_], predicted: NDArray[np.float64]) -> Figures:
    """`auc` is None where all flights have the same outcome."""
    from sklearn.metrics import log_loss, roc_auc_score

    bins = reliability(delayed, predicted)
    both = len(set(delayed.tolist())) == 2
    return {
        "delay_rate": float(delayed.mean()),
        "mean_probability": float(predicted.mean()),
        "auc": float(roc_auc_score(delayed, predicted)) if both else None,
        "log_loss": float(log_loss(delayed, predicted, labels=[False, True])),
        "calibration_error": calibration_error(bins),
        "reliability": [asdict(each) for each in bins],
    }


def _expected(predicted: NDArray[np.float64]) -> Figures:
    """Of flights that have not flown yet only the probabilities are known."""
    unknown = dict.fromkeys(("delay_rate", "auc", "log_loss", "calibration_error"))
    return {**unknown, "mean_probability": float(predicted.mean()), "reliability": []}


def _unknown_keys(table: Table, flights: Flights) -> float:
    return sum(key not in table.values for key in keys_of(flights.parts, table.key)) / len(flights)


def _unknown_values(part: str, place: int, tables: Sequence[Table], flights: Flights) -> float:
    known = set(known_values(part, tables))
    return sum(flight[place] not in known for flight in flights.ids) / len(flights) if known else 0.0


def _checks(
    limits: Limits, rows: Sequence[Figures], unknown: dict[str, float], quality: Figures, rate: float
) -> list[Figures]:
    """One line a limit: what, its value, its limit, and whether the value is within."""
    checks = [_at_most(f"PSI of {row['name']}", row["psi"], limits.max_psi) for row in rows if row["psi"] is not None]
    checks += [_at_most(f"unknown {part}", share, limits.max_unknown) for part, share in unknown.items()]
    if quality["delay_rate"] is None:
        return checks
    change = abs(quality["delay_rate"] - rate)
    checks.append(_at_most("change of the delay rate", change, limits.max_rate_change))
    auc = quality["auc"]
    checks.append({"what": "AUC", "value": auc, "limit": limits.min_auc, "ok": auc is None or auc >= limits.min_auc})
    checks.append(_at_most("calibration error", quality["calibration_error"], limits.max_calibration_error))
    return checks


def _at_most(what: str, value: float, limit: float) -> Figures:
    return {"what": what, "value": value, "limit": limit, "ok": value <= limit}


def _outcomes(figures: Figures) -> list[str]:
    training, said = f"training: {figures['training_delay_rate']:.3f}", f"said {figures['mean_probability']:.3f}"
    if figures["delay_rate"] is None:
        return [f"{said} on average ({training}); what happened is not known: no column Fecha-O"]
    auc = "cannot be told: every flight was late, or none" if figures["auc"] is None else f"{figures['auc']:.4f}"
    return [
        f"late {figures['delay_rate']:.3f} ({training}), {said} on average",
        f"AUC {auc}; log loss {figures['log_loss']:.4f}",
    ]


def as_text(figures: Figures) -> str:
    """The figures as lines for a terminal."""
    model = figures["model"]
    lines = [
        f"{figures['flights']:,} flights from {figures['from']} to {figures['to']}, "
        f"by {model['name']} {model['version']} ({model['recipe']})",
        *_outcomes(figures),
        "",
        f"{'check':<56}   value   limit",
    ]
    for check in figures["checks"]:
        value = "-" if check["value"] is None else f"{check['value']:.4f}"
        mark = "" if check["ok"] else "  <- exceeded"
        lines.append(f"{check['what']:<56} {value:>7} {check['limit']:>7g}{mark}")
    lines += ["", "keys that the tables lack (new days always are):"]
    lines += [f"{row['name']:<56} {100 * row['unknown']:>6.1f} %" for row in figures["features"]]
    exceeded = len(figures["exceeded"])
    lines += [
        "",
        "all within the limits" if not exceeded else f"{exceeded} of {len(figures['checks'])} limits exceeded",
    ]
    return "\n".join(lines)

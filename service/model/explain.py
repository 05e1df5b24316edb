"""Why a flight got its probability: exact Shapley values of its features, against the average flight.

The average flight has the mean of each feature over the flights that the model was trained on. A coalition is a set of
features that take the flight's values while the others keep the average's; the contribution of a feature is the mean,
over all orders in which features could join, of what the probability changes when it joins. So contributions add up
to the difference between the flight's probability and the average flight's. With F features all 2^F coalitions are
scored, which is why there is a limit.
"""

import asyncio
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from service.api.contract import HIGH, LOW, HttpError
from service.model.bundle import Bundle, Key, Table
from service.model.features import compile_row
from service.model.keys import DOMAINS, PARTS, Parts, key_text

if TYPE_CHECKING:
    from service.model.scorer import Scorer

MAX_FEATURES = 14
SLICE = 512
"""Coalitions scored before others get a turn."""

DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


class TooManyFeatures(HttpError):
    status = 501

    def __init__(self, count: int) -> None:
        super().__init__(f"This model has {count} features; up to {MAX_FEATURES} can be explained exactly")


class Explainer:
    """Of one bundle."""

    def __init__(self, bundle: Bundle, scorer: "Scorer") -> None:
        self._tables = bundle.tables
        self._threshold = bundle.threshold
        self._scorer = scorer
        self._row = compile_row(bundle.tables)
        self._average = np.array([table.average for table in bundle.tables], dtype=np.float32)
        count = len(bundle.tables)
        self._exact = count <= MAX_FEATURES
        self._joined = coalitions(count if self._exact else 0)
        self._weights = shapley_weights(self._joined)
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, flight: Parts) -> dict[str, Any]:
        """The flight's probability, the average flight's, and what each feature contributes. Raises TooManyFeatures."""
        if not self._exact:
            raise TooManyFeatures(len(self._tables))
        async with self._one_at_a_time:  # however many ask, a turn of the loop has one slice at most
            probabilities = await self._score_coalitions(np.frombuffer(self._row(flight), dtype=np.float32))
        contributions = self._weights @ probabilities
        return {
            "delay_probability": probabilities[-1].item(),
            "clase": [HIGH if probabilities[-1] > self._threshold else LOW],
            "umbral": self._threshold,
            "probabilidad_promedio": probabilities[0].item(),
            "variables": [
                explained(table, flight, contribution)
                for table, contribution in zip(self._tables, contributions.tolist(), strict=True)
            ],
        }

    async def _score_coalitions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Their probabilities, [2**F]: the empty coalition's first, that of all features last."""
        scored = []
        for start in range(0, len(self._joined), SLICE):
            some = np.where(self._joined[start : start + SLICE], row, self._average)
            scored.append(self._scorer.score(some).astype(np.float64))
            await asyncio.sleep(0)
        return np.concatenate(scored)


def coalitions(count: int) -> NDArray[np.bool_]:
    """Which features have joined in each coalition: [2**count, count], none in the first, all in the last."""
    joined: NDArray[np.bool_] = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    return joined


def shapley_weights(joined: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much each coalition's probability counts for each feature: [count, 2**count]."""
    count = joined.shape[1]
    sizes = joined.sum(axis=1)
    # The share of the orders in which exactly `size` others have joined before a feature does.
    share = np.array([factorial(size) * factorial(count - 1 - size) / factorial(count) for size in range(count)])
    with_it = np.append(0.0, share)[sizes]
    without_it = np.append(share, 0.0)[sizes]
    weights: NDArray[np.float64] = np.where(joined, with_it[:, None], -without_it[:, None]).T
    return weights


def explained(table: Table, flight: Parts, contribution: float) -> dict[str, Any]:
    """A feature as the reply tells it."""
    parts = [flight[PARTS.index(part)] for part in table.key]
    key: Key = parts[0] if len(parts) == 1 else tuple(parts)
    value = table.values.get(key)
    return {
        "nombre": table.name,
        "clave": key_text(parts),
        "conocida": value is not None,
        "valor": table.default if value is None else value,
        "promedio": table.average,
        "contribucion": contribution,
        "frase": sentence(table, parts, value),
    }


def sentence(table: Table, parts: list[str | int], value: float | None) -> str:
    """In Spanish, for people who schedule flights: `Sky Airline a Calama se atrasa 12 % de las veces; …`."""
    if is_plain(table):
        return f"Sale {_one(table.key[0], parts[0])}."
    told = dict(zip(table.key, parts, strict=True))
    airline = told.pop("OPERA", None)
    subject = " ".join(["Los vuelos" if airline is None else str(airline), *(_many(*each) for each in told.items())])
    if value is None:
        return f"{subject}: no hay datos, se usa {_percent(table.default)}."
    one, several = ("se atrasó", "se atrasaron") if "FECHA" in table.key else ("se atrasa", "se atrasan")
    verb = several if airline is None else one
    return f"{subject} {verb} {_percent(value)} de las veces; el promedio es {_percent(table.average)}."


def is_plain(table: Table) -> bool:
    """Its values are the numbers of its one part, and no ratios."""
    return len(table.key) == 1 and table.key[0] in DOMAINS and all(key == value for key, value in table.values.items())


def _percent(ratio: float) -> str:
    return f"{round(ratio * 100)}\N{NO-BREAK SPACE}%"


def _one(part: str, value: str | int) -> str:
    """When one flight leaves, after `Sale`."""
    if part == "dia_semana":
        return f"un {DAYS[int(value)]}"
    return f"un día {value}" if part == "DIA" else _many(part, value)


def _many(part: str, value: str | int) -> str:
    """Where or when flights leave, after `Los vuelos`."""
    match part:
        case "SIGLADES":
            return f"a {value}"
        case "FECHA":
            year, month, day = map(int, str(value).split("-"))
            return f"del {day} de {MONTHS[month - 1]} de {year}"
        case "MES":
            return f"en {MONTHS[int(value) - 1]}"
        case "DIA":
            return f"los días {value}"
        case "dia_semana":
            return f"los {DAYS[int(value)]}"
        case "hora":
            return f"a {'la' if value == 1 else 'las'} {value} h"
        case "periodo_dia":
            return f"por la {value}"
        case _:
            return "en temporada alta" if value else "en temporada baja"

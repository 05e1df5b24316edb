"""An explanation -> what a client reads: numbers, and sentences in Spanish for people who schedule flights."""

import math
from collections.abc import Sequence
from typing import Any

from service.api.contract import HIGH, LOW
from service.model.bundle import Key, Table
from service.model.explain import Explanation
from service.model.keys import DOMAINS, PARTS, Parts, key_text

DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


def told(explanation: Explanation, flight: Parts, tables: Sequence[Table], threshold: float) -> dict[str, Any]:
    """The reply's fields."""
    return {
        "delay_probability": explanation.probability,
        "clase": [HIGH if explanation.probability > threshold else LOW],
        "umbral": threshold,
        "probabilidad_promedio": explanation.average,
        "variables": [
            explained(table, flight, contribution)
            for table, contribution in zip(tables, explanation.contributions, strict=True)
        ],
    }


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
    if math.isnan(table.default if value is None else value):
        return f"{subject}: no hay datos."
    if value is None:
        return f"{subject}: no hay datos, se usa {_percent(table.default)}."
    one, several = ("se atrasó", "se atrasaron") if "FECHA" in table.key else ("se atrasa", "se atrasan")
    verb = several if airline is None else one
    average = "" if math.isnan(table.average) else f"; el promedio es {_percent(table.average)}"
    return f"{subject} {verb} {_percent(value)} de las veces{average}."


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

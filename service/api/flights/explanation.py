"""An explanation -> what a client reads: numbers, and sentences in Spanish for people who schedule flights."""

import math
from collections.abc import Sequence
from typing import Any

from service.api.contract import HIGH, LOW
from service.model.bundle import Key, Table
from service.model.evidence.counts import Count, Counted, Evidence
from service.model.explain import Explanation
from service.model.keys import DOMAINS, PARTS, Parts, key_text

DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


FEW = 20
"""Flights below which their share tells little, and is not told."""


def told(
    explanation: Explanation, flight: Parts, tables: Sequence[Table], threshold: float, evidence: Evidence | None = None
) -> dict[str, Any]:
    """The reply's fields."""
    counted = evidence.tables if evidence else {}
    return {
        "delay_probability": explanation.probability,
        "clase": [HIGH if explanation.probability > threshold else LOW],
        "umbral": threshold,
        "probabilidad_promedio": explanation.average,
        "variables": [
            explained(table, flight, contribution, counted.get(table.name))
            for table, contribution in zip(tables, explanation.contributions, strict=True)
        ],
    }


def explained(table: Table, flight: Parts, contribution: float, counted: Counted | None) -> dict[str, Any]:
    """A feature as the reply tells it."""
    parts = [flight[PARTS.index(part)] for part in table.key]
    key: Key = parts[0] if len(parts) == 1 else tuple(parts)
    value = table.values.get(key)
    used = table.default if value is None else value
    count = counted.of(parts) if counted else None
    return {
        "nombre": table.name,
        "clave": key_text(parts),
        "conocida": value is not None,
        "valor": used,
        "promedio": table.average,
        "contribucion": contribution,
        "vuelos": count.flights if count else None,
        "atrasados": count.late if count else None,
        "frase": sentence(table, parts, used, count, counted.months if counted else None),
    }


def sentence(table: Table, parts: list[str | int], used: float, count: Count | None, months: int | None = None) -> str:
    """In Spanish, for people who schedule flights: `Sky Airline a Calama: se atrasaron 312 de 2604 vuelos (12 %).`

    Its only figures are the counts'. A table's value is smoothed, and told as no frequency: where nothing was counted,
    as what the model takes.
    """
    subject = _subject(table, parts) + _window(months)
    if count is not None:
        return f"{subject}: {_counted(count)}."
    if is_plain(table):
        return f"{subject}."
    return f"{subject}: no hay datos." if math.isnan(used) else f"{subject}: el modelo toma {_percent(used)}."


def _subject(table: Table, parts: list[str | int]) -> str:
    if is_plain(table):
        return f"Sale {_one(table.key[0], parts[0])}"
    told = dict(zip(table.key, parts, strict=True))
    airline = told.pop("OPERA", None)
    return " ".join(["Los vuelos" if airline is None else str(airline), *(_many(*each) for each in told.items())])


def _window(months: int | None) -> str:
    if months is None:
        return ""
    return ", en el último mes de los datos" if months == 1 else f", en los últimos {months} meses de los datos"


def _counted(count: Count) -> str:
    flights, late = count
    if not flights:
        return "no hay datos"
    told = f"{'se atrasó' if late == 1 else 'se atrasaron'} {late} de {flights} {'vuelo' if flights == 1 else 'vuelos'}"
    return f"{told}, pocos datos" if flights < FEW else f"{told} ({_percent(late / flights)})"


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
        case "HH:MM":
            hour, minute = str(value).split(":")
            return f"a {'la' if hour == '01' else 'las'} {int(hour)}:{minute} h"
        case "periodo_dia":
            return f"por la {value}"
        case _:
            return "en temporada alta" if value else "en temporada baja"

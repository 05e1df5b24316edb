"""What explains a flight in sentences, in Spanish, for people who schedule flights."""

import math
from collections.abc import Sequence
from functools import lru_cache

from service.model.bundle import Table
from service.model.evidence.counts import Count
from service.model.keys import DOMAINS

DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


EFFECT = "effect_"
"""What the names of tables of log-odds begin with, which a model adds up: no shares of late flights."""

FEW = 20
"""Flights below which their share tells little, and is not told."""


class Subject:
    """Whom the rows of a table are about, with the counts of its last `months`, or of all; made once a table."""

    def __init__(self, table: Table, months: int | None = None) -> None:
        self._table, self._window = table, _window(months)
        self._plain = is_plain(table)

    def sentence(self, parts: Sequence[str | int], used: float, count: Count | None) -> str:
        """In Spanish, for people who schedule flights: `Sky Airline a Calama: se atrasaron 312 de 2604 vuelos (12 %).`

        Its only figures are the counts'. A table's value is smoothed, and told as no frequency: where nothing was
        counted, as what the model takes.
        """
        table = self._table
        if table.calendar:
            return calendar_day(table.name, str(parts[0]), used, None)
        told = (f"Sale {_one(table.key[0], parts[0])}" if self._plain else _flights(table.key, parts)) + self._window
        if count is not None:
            return f"{told}: {_counted(count)}."
        if self._plain:
            return f"{told}."
        return f"{told}: {_taken(table.name, used)}."


@lru_cache(maxsize=1024)
def flights_counted(part: str, value: str | int, count: Count | None) -> str:
    """`Los vuelos a Lima: se atrasaron 1214 de 5270 vuelos (23 %).`; without the counts where nobody counted."""
    told = _flights((part,), (value,))
    return f"{told}." if count is None else f"{told}: {_counted(count)}."


@lru_cache(maxsize=16)
def average(probability: float, count: Count | None) -> str:
    """What all reasons start from."""
    if count is None:
        return f"Un vuelo promedio de los datos: el modelo da {_tenths(probability)}."
    late = f"se atrasaron {count.late} de {count.flights} ({_tenths(count.late / count.flights)})"
    return (
        f"En promedio el modelo da {_tenths(probability)} a los vuelos de los datos, sin saber cómo fue su día; {late}."
    )


def day_record(before: float, count: Count | None) -> str:
    """Of a day that is in the data."""
    told = f": {_counted(count)}" if count else ""
    return f"Ese día ya está en los datos, quizás con este vuelo{told}. Sin saberlo, el modelo daría {_tenths(before)}."


def calendar_day(name: str, date: str, value: float, count: Count | None) -> str:
    """Of a table that knows days to come: what it tells of this one, and what was counted on days like it."""
    if name.startswith(EFFECT):
        day = _date(date)
        return f"El {day}: {_taken(name, value)}." if count is None else f"En días como el {day}, {_counted(count)}."
    if name != "dias_libres":
        told = f"El {_date(date)}, {name} {value:g}"
    elif value:
        told = f"El {_date(date)} es de {value:g} {'día libre' if value == 1 else 'días libres seguidos'}"
    else:
        told = f"El {_date(date)} es un día hábil"
    return f"{told}." if count is None else f"{told}; en días así, {_counted(count)}."


def interval(low: float, high: float, coverage: float, flights: int) -> str:
    """Of the late share in a month to come; `flights` are those alike in the data."""
    told = f"En un mes por venir se atrasaría entre {_percent(low)} y {_percent(high)} de los vuelos como este"
    alike = f"tienen {flights} {'vuelo' if flights == 1 else 'vuelos'}" if flights else "no tienen ningún vuelo"
    few = ", pocos datos" if flights < FEW else ""
    return f"{told}, {10 * coverage:g} de cada 10 veces; los datos {alike} de esta ruta a esta hora{few}."


def _flights(key: Sequence[str], parts: Sequence[str | int]) -> str:
    """Those with these parts: `Sky Airline a Calama`, `Los vuelos a las 14 h`."""
    told, others = "Los vuelos", ""
    for part, value in zip(key, parts, strict=True):
        if part == "OPERA":
            told = str(value)
        else:
            others += f" {_many(part, value)}"
    return told + others


def _window(months: int | None) -> str:
    if months is None:
        return ""
    return ", en el último mes de los datos" if months == 1 else f", en los últimos {months} meses de los datos"


@lru_cache(maxsize=4096)
def _counted(count: Count) -> str:
    flights, late = count
    if not flights:
        return "no hay datos"
    told = f"{'se atrasó' if late == 1 else 'se atrasaron'} {late} de {flights} {'vuelo' if flights == 1 else 'vuelos'}"
    return f"{told}, pocos datos" if flights < FEW else f"{told} ({_percent(late / flights)})"


def _taken(name: str, used: float) -> str:
    """What the model takes where nothing was counted; only what can be a share is told as one."""
    if math.isnan(used):
        return "no hay datos"
    if name.startswith(EFFECT):
        signed = f"{used:+.2f}".replace("-", "\N{MINUS SIGN}").replace(".", ",")
        return f"el modelo suma {signed} al logaritmo de las chances"
    return f"el modelo toma {_percent(used)}" if 0 <= used <= 1 else f"el modelo toma {used:g}".replace(".", ",")


def few(count: Count | None) -> bool:
    return count is not None and count.flights < FEW


@lru_cache(maxsize=512)
def _date(date: str) -> str:
    year, month, day = map(int, date.split("-"))
    return f"{day} de {MONTHS[month - 1]} de {year}"


def is_plain(table: Table) -> bool:
    """Its values are the numbers of its one part, and no ratios."""
    return len(table.key) == 1 and table.key[0] in DOMAINS and all(key == value for key, value in table.values.items())


def _percent(ratio: float) -> str:
    return f"{round(ratio * 100)}\N{NO-BREAK SPACE}%"


def _tenths(ratio: float) -> str:
    """The same with one decimal: two shares that are near each other stand beside it."""
    return f"{ratio * 100:.1f}\N{NO-BREAK SPACE}%".replace(".", ",")


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
            return f"del {_date(str(value))}"
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

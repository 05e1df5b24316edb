"""An explanation -> what a client reads: numbers, and the sentences that tell their counts."""

from typing import Any

from service.api.contract import HIGH, LOW
from service.api.flights.sentences import (
    average,
    calendar_day,
    day_record,
    few,
    flights_counted,
    interval,
    sentence,
)
from service.model.bundle import Bundle, Table
from service.model.evidence.counts import Count, Counted
from service.model.explain.inputs import AIRLINE, DATE, DESTINATION, HOUR, WEEKDAY, key_of
from service.model.explain.ranges import Range
from service.model.explain.reasons import Reasoner, Reasons
from service.model.explain.tables import Explanation
from service.model.keys import PARTS, Parts, key_text

Fields = dict[str, Any]

NAMES = {AIRLINE: "aerolinea", DESTINATION: "destino", HOUR: "hora", WEEKDAY: "dia_semana", DATE: "fecha"}
PART_OF = {AIRLINE: "OPERA", DESTINATION: "SIGLADES", HOUR: "hora", WEEKDAY: "dia_semana", DATE: "FECHA"}


def by_input(reasons: Reasons, flight: Parts, bundle: Bundle, reasoner: Reasoner) -> Fields:
    """The reply's fields: why, by what the flight is."""
    looked = {table.name: table for tables in reasoner.tables_of.values() for table in tables}
    behind = {name: _evidence(table, flight, reasoner) for name, table in looked.items()}
    return {
        **_answer(reasons.probability, bundle.threshold),
        "base": {
            "probabilidad": reasons.base,
            **_counts(reasons.everything),
            "frase": average(reasons.base, reasons.everything),
        },
        "motivos": [
            _reason(each, reasons, flight, [(table, behind[table.name]) for table in reasoner.tables_of[each]])
            for each in reasons.contributions
        ],
        "registro_del_dia": _record(reasons, flight, reasoner) if reasons.records else None,
        "rango": _range(reasons, bundle.range) if bundle.range and reasons.alike else None,
    }


def by_table(explanation: Explanation, flight: Parts, bundle: Bundle) -> Fields:
    """The same by table: what each contributes."""
    counted = bundle.evidence.tables if bundle.evidence else {}
    return {
        **_answer(explanation.probability, bundle.threshold),
        "probabilidad_promedio": explanation.average,
        "variables": [
            explained(table, flight, contribution, counted.get(table.name))
            for table, contribution in zip(bundle.tables, explanation.contributions, strict=True)
        ],
    }


def explained(table: Table, flight: Parts, contribution: float, counted: Counted | None) -> Fields:
    """A feature as the reply tells it."""
    told = _looked_up(table, flight, counted)
    value = table.values.get(key_of(table, flight))
    return {
        "nombre": table.name,
        "clave": told["clave"],
        "conocida": value is not None,
        "valor": table.default if value is None else value,
        "promedio": table.average,
        "contribucion": contribution,
        "vuelos": told["vuelos"],
        "atrasados": told["atrasados"],
        "frase": told["frase"],
    }


def _answer(probability: float, threshold: float) -> Fields:
    return {"delay_probability": probability, "clase": [HIGH if probability > threshold else LOW], "umbral": threshold}


def _reason(each: str, reasons: Reasons, flight: Parts, behind: list[tuple[Table, Fields]]) -> Fields:
    part = PART_OF[each]
    value, count = flight[PARTS.index(part)], reasons.counts[each]
    counts = _counts(count)
    return {
        "entrada": NAMES[each],
        "valor": value,
        "contribucion": reasons.contributions[each],
        **counts,
        "pocos_datos": few(count),
        "frase": flights_counted({part: value}, count),
        "evidencia": [told for table, told in behind if table.key != (part,) or told | counts != told],
    }


def _record(reasons: Reasons, flight: Parts, reasoner: Reasoner) -> Fields:
    """What the data know of the flight's own day; it may be the flight itself."""
    behind = [(table, _evidence(table, flight, reasoner)) for table in reasons.records]
    of_day = next((told for table, told in behind if table.key == ("FECHA",)), None)
    count = Count(of_day["vuelos"], of_day["atrasados"]) if of_day and of_day["vuelos"] is not None else None
    return {
        "fecha": flight[PARTS.index("FECHA")],
        "contribucion": reasons.probability - reasons.before,
        "probabilidad_sin_registro": reasons.before,
        **_counts(count),
        "pocos_datos": few(count),
        "frase": day_record(reasons.before, count),
        "evidencia": [told for table, told in behind if table.key != ("FECHA",)],
    }


def _range(reasons: Reasons, range: Range) -> Fields:
    """Of flights like this one in a month to come, so the record of a past day is left out."""
    flights = reasons.alike.flights if reasons.alike else 0
    low, high = range.around(reasons.before, flights)
    return {
        "desde": low,
        "hasta": high,
        "cobertura": range.coverage,
        "vuelos": flights,
        "frase": interval(low, high, range.coverage, flights),
    }


def _evidence(table: Table, flight: Parts, reasoner: Reasoner) -> Fields:
    """What was counted of flights with the flight's key; of a calendar's day, of days like it."""
    days = reasoner.calendars.get(table.name)
    if days is None:
        return _looked_up(table, flight, reasoner.counted.get(table.name))
    day = str(flight[PARTS.index("FECHA")])
    value = table.values.get(day, table.default)
    count = days.get(value, Count(0, 0))
    return _fields(day, count, calendar_day(table.name, day, value, count))


def _looked_up(table: Table, flight: Parts, counted: Counted | None) -> Fields:
    parts = [flight[PARTS.index(part)] for part in table.key]
    used = table.values.get(key_of(table, flight), table.default)
    count = counted.of(parts) if counted else None
    words = sentence(table, parts, used, count, counted.months if counted else None)
    return _fields(key_text(parts), count, words)


def _fields(key: str, count: Count | None, words: str) -> Fields:
    return {"clave": key, **_counts(count), "pocos_datos": few(count), "frase": words}


def _counts(count: Count | None) -> Fields:
    return {"vuelos": count.flights if count else None, "atrasados": count.late if count else None}

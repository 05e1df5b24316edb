"""An explanation -> what a client reads: numbers, and the sentences that tell their counts."""

from collections.abc import Mapping
from typing import Any

from service.api.contract import HIGH, LOW
from service.api.flights.sentences import (
    Subject,
    average,
    calendar_day,
    day_record,
    few,
    flights_counted,
    interval,
)
from service.model.bundle import Bundle, Key, Table
from service.model.evidence.counts import Count, Counted
from service.model.explain.inputs import AIRLINE, DATE, DESTINATION, HOUR, WEEKDAY, key_of
from service.model.explain.ranges import Range
from service.model.explain.reasons import Reasoner, Reasons
from service.model.explain.tables import Explanation
from service.model.keys import PARTS, SEPARATOR, Parts, key_text

Fields = dict[str, Any]

NAMES = {AIRLINE: "aerolinea", DESTINATION: "destino", HOUR: "hora", WEEKDAY: "dia_semana", DATE: "fecha"}
PART_OF = {AIRLINE: "OPERA", DESTINATION: "SIGLADES", HOUR: "hora", WEEKDAY: "dia_semana", DATE: "FECHA"}
PLACE_OF = {each: PARTS.index(part) for each, part in PART_OF.items()}

SMALL = 1024
"""Keys of a table whose rows are told once: of larger ones, the next flight has another anyway."""


class Explanations:
    """Of one bundle, whose tables are looked through once."""

    def __init__(self, bundle: Bundle, reasoner: Reasoner) -> None:
        self._threshold, self._range = bundle.threshold, bundle.range
        counted = bundle.evidence.tables if bundle.evidence else {}
        self._tables = [(table, Rows(table, counted.get(table.name))) for table in bundle.tables]
        tables = {table.name: table for some in (*reasoner.tables_of.values(), reasoner.records) for table in some}
        self._rows = {
            name: Rows(table, reasoner.counted.get(name), reasoner.calendars.get(name))
            for name, table in tables.items()
        }
        self._behind = {
            each: [(name, tables[name].key == (PART_OF[each],)) for name in (table.name for table in some)]
            for each, some in reasoner.tables_of.items()
        }
        self._looked = list(dict.fromkeys(table.name for some in reasoner.tables_of.values() for table in some))

    def by_input(self, reasons: Reasons, flight: Parts) -> Fields:
        """The reply's fields: why, by what the flight is."""
        rows = self._rows
        behind = {name: rows[name](flight) for name in self._looked}
        return {
            **_answer(reasons.probability, self._threshold),
            "base": {
                "probabilidad": reasons.base,
                **_counts(reasons.everything),
                "frase": average(reasons.base, reasons.everything),
            },
            "motivos": [self._reason(each, reasons, flight, behind) for each in reasons.contributions],
            "registro_del_dia": self._record(reasons, flight) if reasons.records else None,
            "rango": _told_range(reasons, self._range) if self._range and reasons.alike else None,
        }

    def by_table(self, explanation: Explanation, flight: Parts) -> Fields:
        """The same by table: what each contributes."""
        return {
            **_answer(explanation.probability, self._threshold),
            "probabilidad_promedio": explanation.average,
            "variables": [
                _explained(table, rows, flight, contribution)
                for (table, rows), contribution in zip(self._tables, explanation.contributions, strict=True)
            ],
        }

    def _reason(self, each: str, reasons: Reasons, flight: Parts, behind: Mapping[str, Fields]) -> Fields:
        part = PART_OF[each]
        value, count = flight[PLACE_OF[each]], reasons.counts[each]
        flights, late = count or (None, None)
        return {
            "entrada": NAMES[each],
            "valor": value,
            "contribucion": reasons.contributions[each],
            "vuelos": flights,
            "atrasados": late,
            "pocos_datos": few(count),
            "frase": flights_counted(part, value, count),
            "evidencia": [
                told
                for name, is_same in self._behind[each]
                if (told := behind[name])["vuelos"] != flights or told["atrasados"] != late or not is_same
            ],
        }

    def _record(self, reasons: Reasons, flight: Parts) -> Fields:
        """What the data know of the flight's own day; it may be the flight itself."""
        behind = [(table, self._rows[table.name](flight)) for table in reasons.records]
        of_day = next((told for table, told in behind if table.key == ("FECHA",)), None)
        count = Count(of_day["vuelos"], of_day["atrasados"]) if of_day and of_day["vuelos"] is not None else None
        return {
            "fecha": flight[PLACE_OF[DATE]],
            "contribucion": reasons.probability - reasons.before,
            "probabilidad_sin_registro": reasons.before,
            **_counts(count),
            "pocos_datos": few(count),
            "frase": day_record(reasons.before, count),
            "evidencia": [told for table, told in behind if table.key != ("FECHA",)],
        }


class Rows:
    """A table's rows as replies tell them: what was counted of flights with the flight's key; of a calendar's day, of
    days like it, which are in `alike` by the table's value.
    """

    def __init__(self, table: Table, counted: Counted | None, alike: Mapping[float, Count] | None = None) -> None:
        self._table, self._alike = table, alike
        self._counts = counted.counts if counted else None
        self._subject = Subject(table, counted.months if counted else None)
        self.key = key_of(table)
        self._separators = len(table.key) - 1
        self._kept = table.values if len(table.values) <= SMALL else {}
        self._known: dict[Key, Fields] = {}

    def __call__(self, flight: Parts) -> Fields:
        """It may be the same object again."""
        key = self.key(flight)
        told = self._known.get(key)
        if told is None:
            told = self._told(key)
            if key in self._kept:
                self._known[key] = told
        return told

    def _told(self, key: Key) -> Fields:
        parts = key if isinstance(key, tuple) else (key,)
        used = self._table.values.get(key, self._table.default)
        text = key_text(parts)
        if self._alike is not None:
            count: Count | None = self._alike.get(used, Count(0, 0))
            words = calendar_day(self._table.name, text, used, count)
        else:
            count = self._count(text)
            words = self._subject.sentence(parts, used, count)
        flights, late = count or (None, None)
        return {"clave": text, "vuelos": flights, "atrasados": late, "pocos_datos": few(count), "frase": words}

    def _count(self, text: str) -> Count | None:
        """None where a name has the separator in it: such keys are in no table, and were not counted."""
        if self._counts is None or (self._separators and text.count(SEPARATOR) != self._separators):
            return None
        return Count(*self._counts.get(text, (0, 0)))


def _explained(table: Table, rows: Rows, flight: Parts, contribution: float) -> Fields:
    """A feature as the reply tells it."""
    told = rows(flight)
    value = table.values.get(rows.key(flight))
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


def _told_range(reasons: Reasons, range: Range) -> Fields:
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


def _counts(count: Count | None) -> Fields:
    return {"vuelos": count.flights if count else None, "atrasados": count.late if count else None}

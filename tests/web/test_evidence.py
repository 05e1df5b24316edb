"""What is told of flights is what they were: every route, each hour of the coming two weeks, against the real CSV."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from export.data.flights import Flights, read_flights
from service.api.flights.explanation import Explanations
from service.api.flights.sentences import FEW
from service.model import bundle as bundles
from service.model.bundle import Bundle, Table
from service.model.explain.reasons import Reasoner
from service.model.explain.tables import Explanation
from service.model.keys import PARTS, Parts, key_parts, key_text
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Page]
Counts = dict[tuple[str, ...], dict[str, tuple[int, int]]]
"""By a table's key: how many flights were late, and how many there were, by key text."""

FIGURES = re.compile(
    r"(: |; en días así, )(no hay datos|se atras(ó|aron) (?P<late>\d+) de (?P<flights>\d+) vuelos?"
    "(, pocos datos| \\((?P<share>\\d+)\N{NO-BREAK SPACE}%\\)))\\.$"
)

DAY = re.compile(r"^El (\d+) de [a-z]+ de (\d{4}) es (?:un día hábil|de (\d+) (?:día libre|días libres seguidos))[.;]")
INPUTS = {"aerolinea": "OPERA", "destino": "SIGLADES", "hora": "hora", "dia_semana": "dia_semana"}

ADVISED = """async (asked) => {
  const { choices } = await import("/web/office/when/advice.js");
  return asked.map(({ probabilities, times, flights }) =>
    [...new Set(times.flatMap((time) => {
      const { sameDay, best } = choices(probabilities, time, flights);
      return [sameDay, best].filter((n) => n !== null);
    }))]);
}"""
"""Of each week of a route, the hours that the page advises for whichever of its flights."""


@pytest.fixture(scope="module")
def flights(real_data: Path) -> Flights:
    return read_flights(real_data)


@pytest.fixture(scope="module")
def counts(flights: Flights) -> Counts:
    return {key: by_hand(flights, key) for key in {table.key for table in bundles.read(ROOT).tables}}


@pytest.fixture(scope="module")
def routes(server: Any) -> list[tuple[str, str]]:
    told: dict[str, list[str]] = httpx.get(server.url + "/catalogue").json()["rutas"]
    return [(airline, destination) for airline, some in told.items() for destination in some]


@pytest.fixture(scope="module")
def weeks() -> list[list[datetime]]:
    """Two weeks of hours, from next Monday on."""
    today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today + timedelta(days=7 - today.weekday())
    return [[monday + timedelta(weeks=week, hours=hour) for hour in range(168)] for week in range(2)]


def test_no_hour_is_advised_at_which_the_route_has_no_flight(
    open_page: Open, server: Any, flights: Flights, routes: list[tuple[str, str]], weeks: list[list[datetime]]
) -> None:
    counted = httpx.get(server.url + "/catalogue").json()["semanas"]
    asked = []
    for opera, siglades in routes:
        for week in weeks:
            times = [str(when) for when in week]
            body = [{"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": time} for time in times]
            replies = server.post("/predict_delay_probabilities", body).json()
            probabilities = [reply["delay_probability"] for reply in replies]
            asked.append({"probabilities": probabilities, "times": times, "flights": counted[opera][siglades]})
    flown = Counter((opera, siglades, when.weekday() * 24 + when.hour) for opera, siglades, when in flights.ids)
    advised = open_page(server.url).evaluate(ADVISED, asked)
    places = [(*route, hour) for route, hours in zip(twice(routes), advised, strict=True) for hour in hours]
    assert [place for place in places if not flown[place]] == []
    assert {place[:2] for place in places} == set(routes)
    for opera, siglades in routes:
        assert counted[opera][siglades] == [flown[opera, siglades, hour] for hour in range(168)]


def twice(routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [route for route in routes for _ in range(2)]


def test_no_sentence_has_other_figures_than_the_counts(
    counts: Counts, routes: list[tuple[str, str]], weeks: list[list[datetime]]
) -> None:
    bundle = bundles.read(ROOT)
    keys = {table.name: table.key for table in bundle.tables}
    explanation = Explanation(0.2, 0.2, [0.0] * len(bundle.tables))
    explanations = Explanations(bundle, Reasoner(bundle, Scorer(bundle)))
    days_off = calendar(bundle)
    met = set()
    for opera, siglades in routes:
        for when in [*weeks[0][::7], *weeks[1][::7], datetime(2017, 7, 14, 20)]:  # all hours, and all days
            flight: Parts = key_parts(opera, siglades, when)
            for reason in explanations.by_table(explanation, flight)["variables"]:
                key = reason["nombre"], reason["clave"]
                if key not in met:
                    met.add(key)
                    counted = counts[keys[key[0]]].get(key[1], (0, 0))
                    assert (reason["atrasados"], reason["vuelos"]) == counted, reason
                    if key[0] == days_off.name:
                        check_day(reason["frase"], key[1], days_off)
                    else:
                        check(reason["frase"], *counted)
    assert len(met) > 24 * len(routes)


def test_no_reason_has_other_figures_than_the_counts(
    server: Any, counts: Counts, routes: list[tuple[str, str]], weeks: list[list[datetime]]
) -> None:
    """Each `motivo` of `/explain` and its `evidencia`: all routes, all hours of two weeks among them, and past days."""
    days_off = calendar(bundles.read(ROOT))
    like_it = alike(days_off, counts["FECHA",])
    hours = [when for week in weeks for when in week]
    for place, (opera, siglades) in enumerate(routes):
        past = datetime(2017, 1, 1, place % 24) + timedelta(days=place * 365 // len(routes))
        for when in [*hours[place :: len(routes)], past]:
            flight = {"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": str(when)}
            reply = server.post("/explain_delay_probability", flight).json()
            day, record = str(when.date()), reply["registro_del_dia"]
            here = counts["OPERA", "SIGLADES", "hora"].get(f"{opera}|{siglades}|{when.hour}", (0, 0))
            assert reply["rango"]["vuelos"] == here[1]
            assert (record is not None) == (when is past)
            if record:
                check_counted(record, counts["FECHA",][day], record["frase"].partition(" Sin saberlo")[0])
            for reason in reply["motivos"]:
                if reason["entrada"] == "fecha":
                    assert (reason["vuelos"], [told["clave"] for told in reason["evidencia"]]) == (None, [day])
                    assert FIGURES.search(reason["frase"]) is None
                else:
                    check_counted(reason, counts[INPUTS[reason["entrada"]],].get(str(reason["valor"]), (0, 0)))
            for reason in [*reply["motivos"], *([record] if record else [])]:
                for told in reason["evidencia"]:
                    if told["clave"] == day:
                        check_day(told["frase"], day, days_off)
                        check_counted(told, like_it[days_off.values.get(day, days_off.default)])
                    else:
                        own = [some[told["clave"]] for key, some in counts.items() if told["clave"] in some]
                        check_counted(told, own[0] if own else (0, 0))


def calendar(bundle: Bundle) -> Table:
    return next(table for table in bundle.tables if table.calendar)


def alike(days_off: Table, days: dict[str, tuple[int, int]]) -> dict[float, tuple[int, int]]:
    """Late flights and all of them, by how many days off in a row their day is one of."""
    found: dict[float, tuple[int, int]] = {}
    for day, (late, number) in days.items():
        value = days_off.values.get(day, days_off.default)
        before = found.get(value, (0, 0))
        found[value] = (before[0] + late, before[1] + number)
    return found


def by_hand(flights: Flights, key: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    places = [PARTS.index(part) for part in key]
    found = Counter(
        (tuple(parts[place] for place in places), bool(delayed))
        for parts, delayed in zip(flights.parts, flights.delayed, strict=True)
    )
    late = {own: found[own, True] for own, _ in found}
    return {key_text(own): (number, number + found[own, False]) for own, number in late.items()}


def check_counted(told: dict[str, Any], counted: tuple[int, int], sentence: str | None = None) -> None:
    assert (told["atrasados"], told["vuelos"], told["pocos_datos"]) == (*counted, counted[1] < FEW), told
    check(sentence or told["frase"], *counted)


def check_day(sentence: str, date: str, days_off: Table) -> None:
    found = DAY.search(sentence)
    assert found, sentence
    year, _, day = map(int, date.split("-"))
    assert [int(figure or 0) for figure in found.groups()] == [day, year, days_off.values.get(date, days_off.default)]


def check(sentence: str, late: int, number: int) -> None:
    found = FIGURES.search(sentence)
    assert found, sentence
    if not number:
        assert "no hay datos" in sentence
        return
    assert (int(found["late"]), int(found["flights"])) == (late, number), sentence
    assert found["share"] == (None if number < FEW else str(round(100 * late / number))), sentence

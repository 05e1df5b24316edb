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
from service.api.flights.explanation import by_table
from service.api.flights.sentences import FEW
from service.model import bundle as bundles
from service.model.explain.tables import Explanation
from service.model.keys import PARTS, Parts, key_parts, key_text

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Page]

FIGURES = re.compile(
    r": (no hay datos|se atras(ó|aron) (?P<late>\d+) de (?P<flights>\d+) vuelos?"
    "(, pocos datos| \\((?P<share>\\d+)\N{NO-BREAK SPACE}%\\)))\\.$"
)

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
    flights: Flights, routes: list[tuple[str, str]], weeks: list[list[datetime]]
) -> None:
    bundle = bundles.read(ROOT)
    counts = {table.name: by_hand(flights, table.key) for table in bundle.tables}
    explanation = Explanation(0.2, 0.2, [0.0] * len(bundle.tables))
    met = set()
    for opera, siglades in routes:
        for when in [*weeks[0], *weeks[1], datetime(2017, 7, 14, 20)]:
            flight: Parts = key_parts(opera, siglades, when)
            for reason in by_table(explanation, flight, bundle)["variables"]:
                key = reason["nombre"], reason["clave"]
                if key not in met:
                    met.add(key)
                    late, number = counts[key[0]].get(key[1], (0, 0))
                    assert (reason["vuelos"], reason["atrasados"]) == (number, late), reason
                    check(reason["frase"], number, late)
    assert len(met) > 24 * len(routes)


def by_hand(flights: Flights, key: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    keys = [key_text([parts[PARTS.index(part)] for part in key]) for parts in flights.parts]
    late = Counter(text for text, delayed in zip(keys, flights.delayed, strict=True) if delayed)
    return {text: (late[text], number) for text, number in Counter(keys).items()}


def check(sentence: str, number: int, late: int) -> None:
    found = FIGURES.search(sentence)
    assert found, sentence
    if not number:
        assert "no hay datos" in sentence
        return
    assert (int(found["late"]), int(found["flights"])) == (late, number), sentence
    assert found["share"] == (None if number < FEW else str(round(100 * late / number))), sentence

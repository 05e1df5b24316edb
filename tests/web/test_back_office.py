"""The back office page in real Chromium, served by real `python -m service`."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOT = ROOT / "docs" / "img" / "back-office.png"
FLIGHTS: list[dict[str, Any]] = json.loads((ROOT / "flights.json").read_bytes())
SPACE = "\N{NO-BREAK SPACE}"
Open = Callable[..., Page]
Ask = Callable[[Page, str, str, str], None]


def shown(reply: dict[str, Any]) -> str:
    """A probability as the page writes it."""
    return f"{round(reply['delay_probability'] * 100)}\N{NO-BREAK SPACE}%"


def told(server: Any, flight: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = server.post("/predict_delay_probability", flight).json()
    return reply


def choose(page: Page, flight: dict[str, Any]) -> None:
    page.get_by_role("button", name="Probar con un vuelo de 2017").click()
    page.get_by_label("Busca por").fill(str(flight["FECHA_PROGRAMADA"][:16]))
    page.locator(f"#list button[data-id='{flight['id']}']").click()
    expect(page.locator(".flight")).to_contain_text(f"{flight['OPERA']} a {flight['SIGLADES']}")
    expect(page.locator("#answer")).to_be_visible()


@pytest.mark.parametrize("flight", [FLIGHTS[0], FLIGHTS[150], next(f for f in FLIGHTS if f["atrasado"])])
def test_a_listed_flight(open_page: Open, server: Any, flight: dict[str, Any]) -> None:
    page = open_page(server.url)
    choose(page, flight)
    reply = told(server, flight)
    expect(page.locator(".probability")).to_have_text(shown(reply))
    expect(page.locator(".class")).to_have_text(reply["clase"][0])
    happened = page.locator(".happened")
    expect(happened).to_contain_text("atrasado" if flight["atrasado"] else "sin atraso")
    if flight["minutos_de_atraso"]:
        expect(happened).to_contain_text(str(abs(flight["minutos_de_atraso"])))


def test_the_list_is_searched_by_airline_destination_date_and_id(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name="Probar con un vuelo de 2017").click()
    expect(page.locator("#examples-about")).to_contain_text("Son vuelos reales de 2017, con lo que pasó.")
    expect(page.locator("#found")).to_contain_text("300 de 300 vuelos")
    flight = FLIGHTS[42]
    for words in (f"{flight['OPERA']} {flight['SIGLADES']}", flight["FECHA_PROGRAMADA"][:10], str(flight["id"])):
        page.get_by_label("Busca por").fill(words.upper())
        expect(page.locator(f"#list button[data-id='{flight['id']}']")).to_be_visible()
    page.get_by_label("Busca por").fill("bogotá avianca")  # accents do not matter
    expect(page.locator("#list button").first).to_contain_text("Avianca a Bogota")
    page.get_by_label("Busca por").fill("nada de esto")
    expect(page.locator("#found")).to_have_text("Ningún vuelo calza con la búsqueda.")


def test_a_new_flight_and_why(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    expect(page.locator("#state")).to_contain_text("Escribe un vuelo y verás aquí")
    data = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["data"]
    rows = f"{data['rows']:,}".replace(",", ".")
    expect(page.locator("#basis")).to_contain_text(f"Calculado con {rows} vuelos de {data['from'][:4]}. Terminan hace ")
    ask(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2018-03-05 06:20:00"}
    expect(page.locator(".probability")).to_have_text(shown(told(server, flight)))
    expect(page.locator(".flight")).to_contain_text("lunes, 5 de marzo de 2018")
    explanation = server.post("/explain_delay_probability", flight).json()
    largest = max(explanation["motivos"], key=lambda reason: abs(reason["contribucion"]))
    items = page.locator("#reasons > li")
    expect(items).to_have_count(len(explanation["motivos"]))
    expect(items.first).to_contain_text(str(largest["valor"]))
    points = f"{abs(round(100 * largest['contribucion'], 1)):g}".replace(".", ",")
    expect(items.first.locator("strong")).to_have_text(re.compile(f"^.{points}{SPACE}puntos$"))
    expect(page.locator("#why-text")).to_contain_text(explanation["base"]["frase"])
    fold = items.first.locator("details")
    expect(fold.locator("li").first).to_be_hidden()
    fold.locator("summary").click()
    sentences = [largest["frase"], *(each["frase"] for each in largest["evidencia"])]
    expect(fold.locator("li")).to_have_text(sentences)
    expect(fold.locator("li").first).to_be_visible()
    expect(page.locator(".happened")).to_have_count(0)


def test_a_day_of_the_data_is_told_apart(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    choose(page, FLIGHTS[4])
    explanation = server.post("/explain_delay_probability", {name: FLIGHTS[4][name] for name in EXAMPLE}).json()
    expect(page.locator("#reasons .record")).to_contain_text(explanation["registro_del_dia"]["frase"])
    expect(page.locator("#reasons > li:not(.note)")).to_have_count(len(explanation["motivos"]))


@pytest.mark.parametrize("airline", ["<script>alert(1)</script>", "constructor", "__proto__"])
def test_an_unknown_airline_is_told_and_stays_text(open_page: Open, ask: Ask, server: Any, airline: str) -> None:
    page = open_page(server.url)
    expect(page.locator("#basis")).to_be_visible()  # the routes are here
    ask(page, airline, "Calama", "2018-03-05T06:20")
    expect(page.locator(".flight")).to_contain_text(f"{airline} a Calama")
    expect(page.locator(".unknown")).to_have_text("El modelo no conoce la aerolínea: se usan promedios.")
    assert page.locator("main script").count() == 0


def test_what_a_name_was_read_as_is_told(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    ask(page, "latam", "Concepción", "2018-03-05T06:20")
    expect(page.locator(".unknown")).to_have_text(
        "«latam» leído como «Grupo LATAM». «Concepción» leído como «Concepcion»."
    )
    expect(page.locator(".flight")).to_contain_text("latam a Concepción")


def test_what_the_service_refuses_is_told(open_page: Open, ask: Ask, servers: Callable[..., Any]) -> None:
    strict = servers("--strict", "--workers", 1)
    page = open_page(strict.url, silent=False)
    ask(page, "Sky Airlin", "Calama", "2018-03-05T06:20")
    expect(page.locator("#state")).to_contain_text("El servicio no aceptó el vuelo")
    expect(page.locator("#state")).to_contain_text("lo más parecido es «Sky Airline»")


def test_what_only_adds_to_the_answer_may_fail(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url, silent=False)
    detail = {"detail": "This model has 15 features; up to 14 can be explained exactly"}
    page.route("**/explain_delay_probability*", lambda route: route.fulfill(status=501, json=detail))
    page.route(
        "**/predict_delay_probabilities?detail=1", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>")
    )
    ask(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expect(page.locator(".probability")).to_have_text(shown(told(server, EXAMPLE)))
    expect(page.locator("#why")).to_contain_text("El servicio no pudo responder: This model has 15 features")
    expect(page.locator("#when")).to_contain_text("El servicio no pudo responder: estado 502.")
    expect(page.locator("#maps")).to_be_hidden()


def test_a_route_that_is_cut_off_is_not_asked_without_end(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url, silent=False)
    asked: list[float] = []
    page.on("request", lambda it: asked.append(time.monotonic()) if "/predict_delay_probability?" in it.url else None)
    page.route("**/explain_delay_probability*", lambda route: route.abort())
    ask(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expect(page.locator("#why")).to_contain_text("No hay conexión con el servicio; se sigue intentando.")
    page.wait_for_event("request", lambda it: "/predict_delay_probability?" in it.url)
    assert asked[1] - asked[0] > 1
    page.unroute("**/explain_delay_probability*")
    expect(page.locator("#reasons li").first).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def test_a_model_without_flights_is_told(
    open_page: Open, ask: Ask, servers: Callable[..., Any], small_bundle: Any
) -> None:
    page = open_page(servers("--workers", 1, "--bundle", small_bundle.folder).url)
    expect(page.locator("#basis")).to_be_visible()
    expect(page.locator("#examples-open")).to_be_hidden()
    ask(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    expect(page.locator("#reasons li").first).to_be_visible()


def test_the_server_goes_away_and_comes_back(
    open_page: Open, ask: Ask, servers: Callable[..., Any], free_port: int
) -> None:
    first = servers("--workers", 1, "--port", free_port)
    page = open_page(first.url, silent=False)
    ask(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expected = shown(told(first, EXAMPLE))
    expect(page.locator(".probability")).to_have_text(expected)
    first.stop()
    page.get_by_role("button", name="Calcular", exact=True).click()
    expect(page.locator("#connection")).to_contain_text("Sin conexión con el servicio")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("Sky Airline")
    servers("--workers", 1, "--port", free_port)
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator(".probability")).to_have_text(expected)


def test_the_readmes_screenshot(open_page: Open, server: Any) -> None:
    """`ATRASO_SCREENSHOT=1` makes it anew; with `LANGUAGE=es` and Debian's chromium-l10n its dates are Spanish too."""
    page = open_page(server.url, viewport={"width": 1280, "height": 900}, color_scheme="light")
    late = [flight for flight in FLIGHTS if flight["atrasado"]]
    choose(page, next(flight for flight in late if told(server, flight)["delay_probability"] > 0.4))
    expect(page.locator("#near .cell")).to_have_count(7)
    if os.environ.get("ATRASO_SCREENSHOT"):
        page.screenshot(path=SCREENSHOT, full_page=True)
    assert SCREENSHOT.read_bytes().startswith(b"\x89PNG")
    assert f"]({SCREENSHOT.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")

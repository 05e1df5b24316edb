"""The back office page in real Chromium, served by real `python -m service`."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOT = ROOT / "docs" / "img" / "back-office.png"
FLIGHTS: list[dict[str, Any]] = json.loads((ROOT / "flights.json").read_bytes())
Open = Callable[..., Page]


def shown(reply: dict[str, Any]) -> str:
    """A probability as the page writes it."""
    return f"{round(reply['delay_probability'] * 100)}\N{NO-BREAK SPACE}%"


def told(server: Any, flight: dict[str, Any]) -> dict[str, Any]:
    reply: dict[str, Any] = server.post("/predict_delay_probability", flight).json()
    return reply


def type_in(page: Page, opera: str, siglades: str, time: str) -> None:
    page.get_by_label("Aerolínea", exact=True).fill(opera)
    page.get_by_label("Destino", exact=True).fill(siglades)
    page.get_by_label("Salida programada").fill(time)
    page.get_by_role("button", name="Calcular", exact=True).click()


def choose(page: Page, flight: dict[str, Any]) -> None:
    page.get_by_label("Busca por").fill(str(flight["FECHA_PROGRAMADA"][:16]))
    page.locator(f"#list button[data-id='{flight['id']}']").click()
    expect(page.locator("#flight")).to_contain_text(f"{flight['OPERA']} a {flight['SIGLADES']}")
    expect(page.locator("#answer")).to_be_visible()


@pytest.mark.parametrize("flight", [FLIGHTS[0], FLIGHTS[150], next(f for f in FLIGHTS if f["atrasado"])])
def test_a_listed_flight(open_page: Open, server: Any, flight: dict[str, Any]) -> None:
    page = open_page(server.url)
    choose(page, flight)
    reply = told(server, flight)
    expect(page.locator("#probability")).to_have_text(shown(reply))
    expect(page.locator("#class")).to_have_text(reply["clase"][0])
    happened = page.locator("#happened")
    expect(happened).to_contain_text("atrasado" if flight["atrasado"] else "sin atraso")
    if flight["minutos_de_atraso"]:
        expect(happened).to_contain_text(str(abs(flight["minutos_de_atraso"])))


def test_the_list_is_searched_by_airline_destination_date_and_id(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    expect(page.locator("#found")).to_contain_text("300 de 300 vuelos")
    flight = FLIGHTS[42]
    for words in (f"{flight['OPERA']} {flight['SIGLADES']}", flight["FECHA_PROGRAMADA"][:10], str(flight["id"])):
        page.get_by_label("Busca por").fill(words.upper())
        expect(page.locator(f"#list button[data-id='{flight['id']}']")).to_be_visible()
    page.get_by_label("Busca por").fill("bogotá avianca")  # accents do not matter
    expect(page.locator("#list button").first).to_contain_text("Avianca a Bogota")
    page.get_by_label("Busca por").fill("nada de esto")
    expect(page.locator("#found")).to_have_text("Ningún vuelo calza con la búsqueda.")


def test_a_new_flight_and_why(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    expect(page.locator("#state")).to_contain_text("Elige o escribe un vuelo")
    type_in(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2018-03-05 06:20:00"}
    expect(page.locator("#probability")).to_have_text(shown(told(server, flight)))
    expect(page.locator("#flight")).to_contain_text("lunes, 5 de marzo de 2018")
    explanation = server.post("/explain_delay_probability", flight).json()
    largest = max(explanation["variables"], key=lambda feature: abs(feature["contribucion"]))
    expect(page.locator("#reasons li").first).to_contain_text(largest["frase"])
    assert page.locator("#reasons li svg").count() == page.locator("#reasons li").count() > 2
    expect(page.locator("#happened")).to_be_hidden()


def test_only_routes_that_exist_are_offered_and_others_allowed(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    routes = httpx.get(server.url + "/catalogue").json()["rutas"]
    expect(page.locator("#airlines option")).to_have_count(len(routes))
    page.get_by_label("Aerolínea", exact=True).fill("K.L.M.")
    offered = page.locator("#destinations option")
    expect(offered).to_have_count(len(routes["K.L.M."]))
    assert [each.get_attribute("value") for each in offered.all()] == routes["K.L.M."]
    type_in(page, "K.L.M.", "Calama", "2018-03-05T06:20")
    expect(page.locator("#route")).to_contain_text("El modelo no conoce vuelos de K.L.M. a Calama")
    expect(page.locator("#answer")).to_be_visible()


@pytest.mark.parametrize("airline", ["<script>alert(1)</script>", "constructor", "__proto__"])
def test_an_unknown_airline_is_told_and_stays_text(open_page: Open, server: Any, airline: str) -> None:
    page = open_page(server.url)
    expect(page.locator("#list button").first).to_be_visible()  # the routes are here
    type_in(page, airline, "Calama", "2018-03-05T06:20")
    expect(page.locator("#flight")).to_contain_text(f"{airline} a Calama")
    expect(page.locator("#unknown")).to_have_text("El modelo no conoce la aerolínea: se usan promedios.")
    assert page.locator("main script").count() == 0


def test_what_a_name_was_read_as_is_told(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    type_in(page, "latam", "Concepción", "2018-03-05T06:20")
    expect(page.locator("#unknown")).to_have_text(
        "«latam» leído como «Grupo LATAM». «Concepción» leído como «Concepcion»."
    )
    expect(page.locator("#flight")).to_contain_text("latam a Concepción")


def test_what_the_service_refuses_is_told(open_page: Open, servers: Callable[..., Any]) -> None:
    strict = servers("--strict", "--workers", 1)
    page = open_page(strict.url, silent=False)
    type_in(page, "Sky Airlin", "Calama", "2018-03-05T06:20")
    expect(page.locator("#state")).to_contain_text("El servicio no aceptó el vuelo")
    expect(page.locator("#state")).to_contain_text("lo más parecido es «Sky Airline»")


def test_the_heat_map_holds_what_single_requests_give(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    type_in(page, "Grupo LATAM", "Lima", "2017-07-14T20:15")  # a Friday
    cells = page.locator("#map .cell")
    expect(cells).to_have_count(168)
    flight = {"OPERA": "Grupo LATAM", "SIGLADES": "Lima"}
    chosen = {}
    for place in (0, 20, 96, 96 + 20, 167):
        day, hour = divmod(place, 24)
        reply = told(server, {**flight, "FECHA_PROGRAMADA": f"2017-07-{10 + day} {hour:02}:15:00"})
        chosen[place] = reply
        assert float(cells.nth(place).get_attribute("data-probability") or "nan") == reply["delay_probability"]
    flights = httpx.get(server.url + "/catalogue").json()["semanas"]["Grupo LATAM"]["Lima"]
    expect(page.locator("#cell")).to_have_text(
        f"viernes a las 20 h: {shown(chosen[116])} ({flights[116]} vuelos en los datos), elegido"
    )
    values = [float(cell.get_attribute("data-probability") or "nan") for cell in cells.all()]
    best = min((place for place in range(96, 120) if place != 116 and flights[place]), key=lambda place: values[place])
    expect(page.locator("#best")).to_contain_text(f"viernes a las {best - 96} h")
    assert inside(page.locator("#map .chosen"), cells.nth(116))
    assert inside(page.locator("#map .star"), cells.nth(best))
    empty = [index for index, cell in enumerate(cells.all()) if "empty" in (cell.get_attribute("class") or "")]
    assert empty == [index for index, count in enumerate(flights) if not count]
    page.locator("#map svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cell")).to_contain_text("viernes a las 19 h")
    page.keyboard.press("Enter")
    expect(page.locator("#flight")).to_contain_text("14 de julio de 2017, 19:15")
    expect(page.get_by_label("Salida programada")).to_have_value("2017-07-14T19:15")


def test_an_hour_without_flights_is_marked_and_not_advised(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    type_in(page, "jetsmart spa", "Lima", "2018-03-05T06:20")  # it is read as JetSmart SPA, which leaves at 14 h
    expect(page.locator("#map .cell:not(.empty)")).to_have_count(4)
    expect(page.locator("#map .empty rect[fill='url(#hatch)']")).to_have_count(164)
    expect(page.locator("#cell")).to_contain_text("(sin vuelos en los datos), elegido")
    expect(page.locator("#best")).to_contain_text("entre las horas con vuelos: el")
    expect(page.locator("#best")).to_contain_text("a las 14 h")
    page.locator("#map .cell").nth(14).click()
    expect(page.locator("#cell")).to_have_text(re.compile(r"lunes a las 14 h: .* \(1 vuelo en los datos\), elegido"))
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("jetsmart spa")
    expect(page.locator("#reasons")).to_contain_text("JetSmart SPA a Lima a las 14 h: se atrasaron 4 de 6 vuelos")


@pytest.mark.parametrize("airline", ["K.L.M.", "constructor"])
def test_a_route_without_flights_gets_no_advice(open_page: Open, server: Any, airline: str) -> None:
    page = open_page(server.url)
    type_in(page, airline, "Calama", "2018-03-05T06:20")
    expect(page.locator("#best")).to_have_text(
        "Los datos no tienen vuelos de esta ruta: no se recomienda ninguna hora."
    )
    expect(page.locator("#map .empty")).to_have_count(168)
    assert page.locator("#map .star").count() == 0


def test_a_model_that_has_not_counted_gets_no_advice(
    open_page: Open, servers: Callable[..., Any], tmp_path: Path
) -> None:
    """One of the first format, as those that were made before there were counts."""
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    shutil.copy(ROOT / "model.onnx", tmp_path)
    manifest = json.loads((tmp_path / "tables" / "manifest.json").read_bytes())
    del manifest["evidence"]
    (tmp_path / "tables" / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    page = open_page(servers("--workers", 1, "--bundle", tmp_path).url)
    type_in(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    expect(page.locator("#best")).to_have_text("Este modelo no dice a qué horas hay vuelos: no se recomienda ninguna.")
    assert page.locator("#map .empty").count() == 0


def inside(small: Locator, large: Locator) -> bool:
    """Does the one's middle lie in the other?"""
    box, around = small.bounding_box(), large.bounding_box()
    assert box
    assert around
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return around["x"] < x < around["x"] + around["width"] and around["y"] < y < around["y"] + around["height"]


def test_the_heat_map_stands_upright_on_a_phone(open_page: Open, server: Any) -> None:
    page = open_page(server.url, viewport={"width": 360, "height": 800})
    type_in(page, "Grupo LATAM", "Lima", "2017-07-14T20:15")
    expect(page.locator("#map .cell")).to_have_count(168)
    assert inside(page.locator("#map .chosen"), page.locator("#map .cell").nth(116))
    box = page.locator("#map svg").bounding_box()
    assert box
    assert box["height"] > box["width"]
    page.locator("#map svg").focus()
    for key, cell in (
        ("ArrowUp", "viernes a las 19 h"),
        ("ArrowRight", "sábado a las 19 h"),
        ("ArrowDown", "a las 20 h"),
    ):
        page.keyboard.press(key)
        expect(page.locator("#cell")).to_contain_text(cell)
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator("#map svg")).to_have_attribute("viewBox", "0 0 804 232")
    assert inside(page.locator("#map .chosen"), page.locator("#map .cell").nth(116))


def test_the_keyboard_is_enough(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    expect(page.locator("#list button").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(str(FLIGHTS[42]["id"]))
    expect(page.locator("#list button")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#probability")).to_have_text(shown(told(server, FLIGHTS[42])))
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#map') !== null"):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#happened")).to_be_hidden()
    expect(page.locator("#answer")).to_be_visible()


def test_what_only_adds_to_the_answer_may_fail(open_page: Open, server: Any) -> None:
    page = open_page(server.url, silent=False)
    detail = {"detail": "This model has 15 features; up to 14 can be explained exactly"}
    page.route("**/explain_delay_probability", lambda route: route.fulfill(status=501, json=detail))
    page.route("**/predict_delay_probabilities", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    type_in(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expect(page.locator("#probability")).to_have_text(shown(told(server, EXAMPLE)))
    expect(page.locator("#why")).to_contain_text("El servicio no pudo responder: This model has 15 features")
    expect(page.locator("#when")).to_contain_text("El servicio no pudo responder: estado 502.")
    expect(page.locator("#map-box")).to_be_hidden()


def test_a_route_that_is_cut_off_is_not_asked_without_end(open_page: Open, server: Any) -> None:
    page = open_page(server.url, silent=False)
    asked: list[float] = []
    page.on(
        "request", lambda it: asked.append(time.monotonic()) if it.url.endswith("/predict_delay_probability") else None
    )
    page.route("**/explain_delay_probability", lambda route: route.abort())
    type_in(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expect(page.locator("#why")).to_contain_text("No hay conexión con el servicio; se sigue intentando.")
    page.wait_for_event("request", lambda it: it.url.endswith("/predict_delay_probability"))
    assert asked[1] - asked[0] > 1
    page.unroute("**/explain_delay_probability")
    expect(page.locator("#reasons li").first).to_be_visible()
    expect(page.locator("#connection")).to_be_hidden()


def test_a_model_without_flights_is_told(open_page: Open, servers: Callable[..., Any], small_bundle: Any) -> None:
    page = open_page(servers("--workers", 1, "--bundle", small_bundle.folder).url)
    expect(page.locator("#found")).to_have_text("Este modelo no trae vuelos de ejemplo; escribe uno.")
    type_in(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    expect(page.locator("#reasons li").first).to_be_visible()


def test_the_server_goes_away_and_comes_back(open_page: Open, servers: Callable[..., Any], free_port: int) -> None:
    first = servers("--workers", 1, "--port", free_port)
    page = open_page(first.url, silent=False)
    type_in(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expected = shown(told(first, EXAMPLE))
    expect(page.locator("#probability")).to_have_text(expected)
    first.stop()
    page.get_by_role("button", name="Calcular", exact=True).click()
    expect(page.locator("#connection")).to_contain_text("Sin conexión con el servicio")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("Sky Airline")
    servers("--workers", 1, "--port", free_port)
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#answer")).to_be_visible()
    expect(page.locator("#probability")).to_have_text(expected)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_axe_finds_nothing(open_page: Open, server: Any, width: int, scheme: str) -> None:
    page = open_page(server.url, viewport={"width": width, "height": 900}, color_scheme=scheme)
    expect(page.locator("#list button").first).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    choose(page, FLIGHTS[7])
    page.get_by_label("O pega su texto").fill(
        "OPERA,SIGLADES,FECHA_PROGRAMADA\nSky Airline,Calama,2017-11-27 13:00\na,b,c\n"
    )
    page.get_by_role("button", name="Calcular todos").click()
    expect(page.locator("#file-state")).to_contain_text("1 línea con problemas")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_report_is_linked_and_readable(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    page.get_by_role("link", name="Informe del modelo").click()
    expect(page.get_by_role("heading", name="The model", exact=True)).to_be_visible()
    page.wait_for_load_state()  # the pictures too
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


def test_the_docs_ask_this_server(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    expect(page.locator(".operation")).to_have_count(22)
    page.locator("#predict > summary").click()
    expect(page.locator("#predict form pre").first).to_contain_text(f"curl '{server.url}/predict_delay_probability'")
    page.locator("#predict").get_by_role("button", name="Send").click()
    expect(page.locator("#predict [role=status]")).to_contain_text('"delay_probability": 0.27')
    page.locator("#predict").get_by_label("detail").fill("1")
    expect(page.locator("#predict form pre").first).to_contain_text("/predict_delay_probability?detail=1'")
    page.locator("#predict").get_by_role("button", name="Send").click()
    expect(page.locator("#predict [role=status]")).to_contain_text('"probabilidad": 0.2686')
    page.locator("#model > summary").click()
    page.locator("#model").get_by_role("button", name="Send").click()
    expect(page.locator("#model [role=status]")).to_contain_text("onnxruntime_onnx")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


def test_the_readmes_screenshot(open_page: Open, server: Any) -> None:
    """`ATRASO_SCREENSHOT=1` makes it anew; with `LANGUAGE=es` and Debian's chromium-l10n its dates are Spanish too."""
    page = open_page(server.url, viewport={"width": 1280, "height": 900}, color_scheme="light")
    late = [flight for flight in FLIGHTS if flight["atrasado"]]
    choose(page, next(flight for flight in late if told(server, flight)["delay_probability"] > 0.4))
    if os.environ.get("ATRASO_SCREENSHOT"):
        page.screenshot(path=SCREENSHOT, full_page=True)
    assert SCREENSHOT.read_bytes().startswith(b"\x89PNG")
    assert f"]({SCREENSHOT.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")

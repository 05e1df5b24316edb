"""The back office page in real Chromium, served by real `python -m service`."""

import csv
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from service.contract import EXAMPLE, FIELDS

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
    expect(page.locator("#route")).to_contain_text("K.L.M. no voló a Calama en 2017")
    expect(page.locator("#answer")).to_be_visible()


def test_an_unknown_airline_is_told_and_stays_text(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    type_in(page, "<script>alert(1)</script>", "Calama", "2018-03-05T06:20")
    expect(page.locator("#flight")).to_contain_text("<script>alert(1)</script> a Calama")
    expect(page.locator("#unknown")).to_have_text("El modelo no conoce la aerolínea: se usan promedios.")
    assert page.locator("main script").count() == 0


def test_what_the_service_refuses_is_told(open_page: Open, servers: Callable[..., Any]) -> None:
    strict = servers("--strict", "--workers", 1)
    page = open_page(strict.url, silent=False)
    type_in(page, "Sky Airlin", "Calama", "2018-03-05T06:20")
    expect(page.locator("#state")).to_contain_text("El servicio no aceptó el vuelo")
    expect(page.locator("#state")).to_contain_text("'Sky Airline'")


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
    expect(page.locator("#cell")).to_have_text(f"viernes a las 20 h: {shown(chosen[116])} (elegido)")
    values = [float(cell.get_attribute("data-probability") or "nan") for cell in cells.all()]
    friday = [values[96 + hour] for hour in range(24) if hour != 20]
    expect(page.locator("#best")).to_contain_text(f"viernes a las {values.index(min(friday), 96) - 96} h")
    mark, cell = page.locator("#map .chosen").bounding_box(), cells.nth(116).bounding_box()
    assert mark
    assert cell
    assert cell["x"] < mark["x"] < cell["x"] + cell["width"]
    assert cell["y"] < mark["y"] < cell["y"] + cell["height"]
    page.locator("#map svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cell")).to_contain_text("viernes a las 19 h")
    page.keyboard.press("Enter")
    expect(page.locator("#flight")).to_contain_text("14 de julio de 2017, 19:15")
    expect(page.get_by_label("Salida programada")).to_have_value("2017-07-14T19:15")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def test_the_server_goes_away_and_comes_back(open_page: Open, servers: Callable[..., Any]) -> None:
    port = free_port()
    first = servers("--workers", 1, "--port", port)
    page = open_page(first.url, silent=False)
    type_in(page, "Sky Airline", "Calama", "2017-11-27T13:00")
    expect(page.locator("#probability")).to_have_text(shown(told(first, EXAMPLE)))
    first.stop()
    page.get_by_role("button", name="Calcular", exact=True).click()
    expect(page.locator("#connection")).to_contain_text("Sin conexión con el servicio")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("Sky Airline")
    servers("--workers", 1, "--port", port)
    expect(page.locator("#connection")).to_be_hidden(timeout=15_000)
    expect(page.locator("#state")).to_have_text("Hay conexión otra vez. Calcula de nuevo.")
    page.get_by_role("button", name="Calcular", exact=True).click()
    expect(page.locator("#answer")).to_be_visible()


BAD = {
    7: "Sky Airline,Calama,2017-13-40 99:99",
    100: "Sky Airline,Calama,2017-11-27",
    101: "Sky Airline,,2017-11-27 13:00",
    999: "solo una columna",
    1500: ",Calama,2017-11-27 13:00",
    2000: "Sky Airline,Calama,mañana",
    2500: "Sky Airline,Calama,",
    3000: "x" * 300 + ",Calama,2017-11-27 13:00",
    4000: '"Sky, Airline",Calama,27/11/2017',
    5011: "Sky Airline,Calama,2017-02-30 10:00",
}


def test_a_csv_of_five_thousand_flights_with_ten_bad_lines(open_page: Open, server: Any, tmp_path: Path) -> None:
    good = iter([FLIGHTS[n % len(FLIGHTS)] for n in range(5000)])
    lines = ["OPERA,SIGLADES,FECHA_PROGRAMADA"]
    expected = []
    while len(lines) < 5011:
        line = len(lines) + 1
        if line in BAD:
            lines.append(BAD[line])
        else:
            expected.append(next(good))
            lines.append(",".join(expected[-1][field] for field in FIELDS))
    assert len(expected) == 5000
    path = tmp_path / "vuelos.csv"
    path.write_text("\r\n".join(lines), encoding="utf-8")
    page = open_page(server.url, silent=False)  # Chromium logs the 422 that names the bad lines
    page.get_by_label("Archivo CSV").set_input_files(path)
    expect(page.locator("#file-state")).to_have_text(
        re.compile("5.?000 vuelos calculados; 10 líneas con problemas."), timeout=30_000
    )
    bad = page.locator("#bad-lines li")
    assert [int(re.findall(r"Línea (\d+):", text)[0]) for text in bad.all_inner_texts()] == sorted(BAD)
    expect(page.locator("#progress")).to_be_hidden()
    with page.expect_download() as started:
        page.get_by_role("button", name="Descargar con los resultados").click()
    rows = list(csv.DictReader(Path(started.value.path()).read_text(encoding="utf-8").splitlines()))
    replies = server.post("/predict_delay_probabilities", expected).json()
    assert [float(row["delay_probability"]) for row in rows] == [reply["delay_probability"] for reply in replies]
    assert [row["OPERA"] for row in rows] == [flight["OPERA"] for flight in expected]
    heading = page.get_by_role("button", name="Probabilidad", exact=True)
    heading.click()
    heading.click()
    most = max(reply["delay_probability"] for reply in replies)
    expect(page.locator("#rows tr").first.locator("td").last).to_have_text(shown({"delay_probability": most}))
    expect(page.locator("#rows tr")).to_have_count(200)
    page.get_by_role("button", name="Mostrar más").click()
    expect(page.locator("#rows tr")).to_have_count(400)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,c\n1,2,3", "falta OPERA, SIGLADES, FECHA_PROGRAMADA"),
        ("OPERA,SIGLADES,FECHA_PROGRAMADA\n", "El archivo no trae vuelos."),
        ("", "Pega primero el texto de un CSV"),
    ],
)
def test_a_csv_without_flights_is_told(open_page: Open, server: Any, text: str, sentence: str) -> None:
    page = open_page(server.url)
    page.get_by_label("Texto del CSV").fill(text)
    page.get_by_role("button", name="Calcular todos").click()
    expect(page.locator("#file-state")).to_contain_text(sentence)


def test_a_pasted_csv_with_semicolons_quotes_and_script(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    text = '\ufefffecha_programada;opera;siglades\n2017-11-27 13:00;"<script>x</script>; ""S.A.""";Calama\n'
    page.get_by_label("Texto del CSV").fill(text)
    page.get_by_role("button", name="Calcular todos").click()
    expect(page.locator("#file-state")).to_have_text("1 vuelo calculado.")
    expect(page.locator("#rows td").nth(1)).to_have_text('<script>x</script>; "S.A."')


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_axe_finds_nothing(open_page: Open, server: Any, width: int, scheme: str) -> None:
    page = open_page(server.url, silent=False, viewport={"width": width, "height": 900}, color_scheme=scheme)
    expect(page.locator("#list button").first).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    choose(page, FLIGHTS[7])
    page.get_by_label("Texto del CSV").fill(
        "OPERA,SIGLADES,FECHA_PROGRAMADA\nSky Airline,Calama,2017-11-27 13:00\na,b,c\n"
    )
    page.get_by_role("button", name="Calcular todos").click()
    expect(page.locator("#file-state")).to_contain_text("1 línea con problemas")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_docs_ask_this_server(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    expect(page.locator(".operation")).to_have_count(16)
    page.locator("#predict > summary").click()
    page.locator("#predict").get_by_role("button", name="Send").click()
    expect(page.locator("#predict pre")).to_contain_text('"delay_probability": 0.24')
    page.locator("#model > summary").click()
    page.locator("#model").get_by_role("button", name="Send").click()
    expect(page.locator("#model pre")).to_contain_text("onnxruntime_onnx")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []


def test_the_readmes_screenshot(open_page: Open, server: Any) -> None:
    """`ATRASO_SCREENSHOT=1` makes it anew."""
    page = open_page(server.url, viewport={"width": 1280, "height": 900}, color_scheme="light")
    choose(page, next(flight for flight in FLIGHTS if flight["atrasado"]))
    if os.environ.get("ATRASO_SCREENSHOT"):
        page.screenshot(path=SCREENSHOT, full_page=True)
    assert SCREENSHOT.read_bytes().startswith(b"\x89PNG")
    assert f"]({SCREENSHOT.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")

"""The pictures of other moments in Chromium: what single requests give, and advice only where there are flights."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., Page]
Ask = Callable[[Page, str, str, str], None]

LATAM = {"OPERA": "Grupo LATAM", "SIGLADES": "Lima"}


def told(server: Any, time: str) -> float:
    """The probability of a LATAM flight to Lima, not rounded."""
    reply = server.post("/predict_delay_probability?detail=1", {**LATAM, "FECHA_PROGRAMADA": time}).json()
    return float(reply["probabilidad"])


def shown(probability: float) -> str:
    return f"{round(probability * 100)}\N{NO-BREAK SPACE}%"


def probabilities(cells: Locator) -> list[float]:
    return [float(text) for text in cells.evaluate_all("(cells) => cells.map((cell) => cell.dataset.probability)")]


def empty(cells: Locator) -> list[bool]:
    found: list[bool] = cells.evaluate_all("(cells) => cells.map((cell) => cell.classList.contains('empty'))")
    return found


def inside(small: Locator, large: Locator) -> bool:
    """Does the one's middle lie in the other?"""
    box, around = small.bounding_box(), large.bounding_box()
    assert box
    assert around
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return around["x"] < x < around["x"] + around["width"] and around["y"] < y < around["y"] + around["height"]


def test_the_week_holds_what_single_requests_give(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    ask(page, "Grupo LATAM", "Lima", "2017-07-14T20:15")  # a Friday
    cells = page.locator("#map .cell")
    expect(cells).to_have_count(168)
    values = probabilities(cells)
    for place in (0, 20, 96, 96 + 20, 167):
        day, hour = divmod(place, 24)
        assert values[place] == pytest.approx(told(server, f"2017-07-{10 + day} {hour:02}:15:00"), abs=1e-6)
    flights = httpx.get(server.url + "/catalogue").json()["semanas"]["Grupo LATAM"]["Lima"]
    expect(page.locator("#cell")).to_have_text(
        f"viernes a las 20 h: {shown(values[116])} ({flights[116]} vuelos en los datos), elegido"
    )
    best = min((place for place in range(96, 120) if place != 116 and flights[place]), key=lambda place: values[place])
    expect(page.locator("#best")).to_contain_text(f"Ese día convendría más el viernes a las {best - 96} h")
    assert inside(page.locator("#map .chosen"), cells.nth(116))
    assert inside(page.locator("#map .star"), cells.nth(best))
    assert empty(cells) == [not count for count in flights]
    middle = sum(value * count for value, count in zip(values, flights, strict=True)) / sum(flights)
    expect(page.locator("#legend")).to_contain_text(f"el promedio de esta ruta en la semana, {shown(middle)}")
    for place in (best, 116, values.index(max(values))):
        step = max(0, min(10, round((values[place] - middle) / 0.04) + 5))
        expect(cells.nth(place)).to_have_class(re.compile(f"step-{step}( |$)"))
    page.locator("#map svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cell")).to_contain_text("viernes a las 19 h")
    page.keyboard.press("Enter")
    expect(page.locator(".flight")).to_contain_text("14 de julio de 2017, 19:15")
    expect(page.get_by_label("Fecha de salida")).to_have_value("14-07-2017")
    expect(page.get_by_label("Hora, de")).to_have_value("19:15")


def test_the_month_and_the_hours_around(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    ask(page, "Grupo LATAM", "Lima", "2028-02-29T01:05")  # a Tuesday; three hours before it is Monday
    flights = httpx.get(server.url + "/catalogue").json()["semanas"]["Grupo LATAM"]["Lima"]
    days, hours = page.locator("#month .cell"), page.locator("#near .cell")
    expect(days).to_have_count(29)
    expect(hours).to_have_count(7)
    expect(page.locator("#month-title")).to_have_text(
        "Día por día en febrero de 2028, a las 01:05, en %".replace("las 01", "la 01")
    )
    of_days, of_hours = probabilities(days), probabilities(hours)
    assert of_days[14] == pytest.approx(told(server, "2028-02-15 01:05:00"), abs=1e-6)
    assert of_days[28] == of_hours[3] == pytest.approx(told(server, "2028-02-29 01:05:00"), abs=1e-6)
    assert of_hours[0] == pytest.approx(told(server, "2028-02-28 22:05:00"), abs=1e-6)
    assert empty(days) == [not flights[(day + 1) % 7 * 24 + 1] for day in range(29)]  # the 1st is a Tuesday
    assert empty(hours) == [not flights[place] for place in range(22, 29)]
    assert inside(page.locator("#month .chosen"), days.nth(28))
    expect(page.locator("#near-cell")).to_have_text(re.compile(r"^a la 01:05: .*, elegido$"))
    flown = [place for place in range(7) if flights[22 + place]]
    better = min(flown, key=lambda place: of_hours[place])
    assert of_hours[3] - of_hours[better] >= 0.01
    expect(page.locator("#best")).to_contain_text(
        f"Con hasta 3 horas de cambio: {page.locator('#near title').nth(better).inner_html()}".replace(
            "&nbsp;", "\N{NO-BREAK SPACE}"
        )
    )
    page.locator("#month svg").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#month-cell")).to_contain_text("martes, 22 de febrero")
    page.keyboard.press("Enter")
    expect(page.locator(".flight")).to_contain_text("22 de febrero de 2028, 01:05")


def test_an_hour_without_flights_is_marked_and_not_advised(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    ask(page, "jetsmart spa", "Lima", "2018-03-05T06:20")  # it is read as JetSmart SPA, which leaves at 14 h
    expect(page.locator("#map .cell:not(.empty)")).to_have_count(4)
    expect(page.locator("#map .empty rect[fill='url(#hatch-week)']")).to_have_count(164)
    assert page.locator("#near .empty").count() == 7
    expect(page.locator("#cell")).to_contain_text("(sin vuelos en los datos), elegido")
    expect(page.locator("#best")).to_contain_text("entre las horas con vuelos: el")
    expect(page.locator("#best")).to_contain_text("a las 14 h")
    expect(page.locator("#best")).not_to_contain_text("3 horas de cambio")
    page.locator("#map .cell").nth(14).click()
    expect(page.locator("#cell")).to_have_text(re.compile(r"lunes a las 14 h: .* \(1 vuelo en los datos\), elegido"))
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("jetsmart spa")


@pytest.mark.parametrize("airline", ["K.L.M.", "constructor"])
def test_a_route_without_flights_gets_no_advice(open_page: Open, ask: Ask, server: Any, airline: str) -> None:
    page = open_page(server.url)
    ask(page, airline, "Calama", "2018-03-05T06:20")
    expect(page.locator("#best")).to_have_text(
        "Los datos no tienen vuelos de esta ruta: no se recomienda ninguna hora."
    )
    expect(page.locator("#map .empty")).to_have_count(168)
    assert page.locator("#map .star").count() == 0


def test_a_model_that_has_not_counted_gets_no_advice(
    open_page: Open, ask: Ask, servers: Callable[..., Any], tmp_path: Path
) -> None:
    """One of the first format, as those that were made before there were counts."""
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    shutil.copy(ROOT / "model.onnx", tmp_path)
    manifest = json.loads((tmp_path / "tables" / "manifest.json").read_bytes())
    del manifest["evidence"]
    (tmp_path / "tables" / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    page = open_page(servers("--workers", 1, "--bundle", tmp_path).url)
    ask(page, "Sky Airline", "Calama", "2018-03-05T06:20")
    expect(page.locator("#best")).to_have_text("Este modelo no dice a qué horas hay vuelos: no se recomienda ninguna.")
    assert page.locator("#map .empty").count() == 0


def test_the_heat_map_stands_upright_on_a_phone(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url, viewport={"width": 360, "height": 800})
    ask(page, "Grupo LATAM", "Lima", "2017-07-14T20:15")
    expect(page.locator("#map .cell")).to_have_count(168)
    assert inside(page.locator("#map .chosen"), page.locator("#map .cell").nth(116))
    box = page.locator("#map svg").bounding_box()
    assert box
    assert box["height"] > box["width"]
    for cell in page.locator("#map .cell rect:first-of-type, #near .cell rect:first-of-type").all()[::13]:
        target = cell.bounding_box()
        assert target
        assert min(target["width"], target["height"]) >= 24  # WCAG 2.2, 2.5.8
    page.locator("#map svg").focus()
    for key, cell in (
        ("ArrowUp", "viernes a las 19 h"),
        ("ArrowRight", "sábado a las 19 h"),
        ("ArrowDown", "a las 20 h"),
    ):
        page.keyboard.press(key)
        expect(page.locator("#cell")).to_contain_text(cell)
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator("#map svg")).to_have_attribute("viewBox", "0 0 805 319")
    assert inside(page.locator("#map .chosen"), page.locator("#map .cell").nth(116))

"""A flight is in the page's address: a link, Back, Forward and reload lead to the same answer; two are compared."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Ask = Callable[[Page, str, str, str], None]

SKY = "?aerolinea=Sky+Airline&destino=Calama&salida=2027-03-05T06%3A20"
LATAM = "?aerolinea=Grupo+LATAM&destino=Lima&salida=2027-03-05T14%3A30"
LATAM_TOO = "&aerolinea2=Grupo+LATAM&destino2=Lima&salida2=2027-03-05T14%3A30"
EXAMPLE = "?aerolinea=Grupo+LATAM&destino=Buenos+Aires&salida=2017-01-02T08%3A15&ejemplo=229"
TITLE = "Atrasos desde Santiago"


def test_a_link_back_forward_and_reload_give_the_same_answer(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    flight, figure = page.locator(".flight"), page.locator(".probability")
    ask(page, "Sky Airline", "Calama", "2027-03-05T06:20")
    expect(flight).to_contain_text("Sky Airline a Calama")
    first = figure.inner_text()
    assert page.url == f"{server.url}/{SKY}"
    ask(page, "Grupo LATAM", "Lima", "2027-03-05T14:30")
    expect(flight).to_contain_text("Grupo LATAM a Lima")
    assert page.url == f"{server.url}/{LATAM}"
    second = figure.inner_text()
    assert page.title().startswith(second)
    ask(page, "Grupo LATAM", "Lima", "2027-03-05T14:30")  # the same again is no step
    page.go_back()
    expect(flight).to_contain_text("Sky Airline a Calama")
    expect(figure).to_have_text(first)
    expect(page.get_by_label("Aerolínea", exact=True)).to_have_value("Sky Airline")
    expect(page.get_by_label("Hora, de")).to_have_value("06:20")
    page.go_forward()
    expect(figure).to_have_text(second)
    page.reload()
    expect(flight).to_contain_text("Grupo LATAM a Lima, viernes, 5 de marzo de 2027, 14:30")
    expect(figure).to_have_text(second)
    page.go_back()
    expect(figure).to_have_text(first)
    page.go_back()  # to the page without a flight
    expect(page.locator("#state")).to_have_text("Escribe un vuelo y verás aquí qué tan probable es que se atrase.")
    for hidden in ("#answer", "#why", "#when"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.title() == TITLE
    other = open_page(server.url, "/" + LATAM)
    expect(other.locator(".probability")).to_have_text(second)
    expect(other.locator("#map .cell")).to_have_count(168)


def test_a_link_to_an_example_tells_what_happened(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/" + EXAMPLE)
    expect(page.locator(".happened")).to_contain_text(
        "Lo que pasó: salió 3 minutos después de lo programado, sin atraso."
    )
    other = open_page(server.url, "/" + EXAMPLE.replace("Buenos+Aires", "Lima"))  # it is no longer that flight
    expect(other.locator("#map .cell")).to_have_count(168)
    expect(other.locator(".happened")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("?aerolinea=Sky+Airline", ["Sky Airline", "", ""]),
        (SKY.replace("03-05", "02-30"), ["Sky Airline", "Calama", ""]),
        (
            "?destino=%3Cscript%3Ealert(1)%3C%2Fscript%3E&salida=2027-03-05T06:20",
            ["", "<script>alert(1)</script>", "06:20"],
        ),
    ],
)
def test_a_link_that_lacks_something_fills_what_it_has(
    open_page: Open, server: Any, query: str, fields: list[str]
) -> None:
    page = open_page(server.url, "/" + query)
    expect(page.locator("#state")).to_contain_text("Al enlace le falta algo")
    assert [page.locator(f"#{field}").input_value() for field in ("opera", "siglades", "time")] == fields
    expect(page.locator("#answer")).to_be_hidden()
    assert page.locator("main script").count() == 0


def test_two_flights_are_compared(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url, "/" + SKY)
    expect(page.locator("#map .cell")).to_have_count(168)
    page.get_by_role("button", name="Comparar con otro vuelo").click()
    expect(page.locator("#comparing")).to_contain_text("Se comparará con Sky Airline a Calama, viernes, 5 de marzo")
    expect(page.get_by_label("Aerolínea", exact=True)).to_be_focused()
    ask(page, "Grupo LATAM", "Lima", "2027-03-05T14:30")
    answers = page.locator(".answer")
    expect(answers).to_have_count(2)
    expect(answers.nth(0)).to_contain_text("Sky Airline a Calama")
    expect(answers.nth(1)).to_contain_text("Grupo LATAM a Lima")
    assert page.url == f"{server.url}/{SKY}{LATAM_TOO}"
    flights = [
        {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2027-03-05 06:20"},
        {"OPERA": "Grupo LATAM", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2027-03-05 14:30"},
    ]
    one, two = (reply["probabilidad"] for reply in server.post("/predict_delay_probabilities?detail=1", flights).json())
    more, points = ("más" if two > one else "menos"), abs(round((two - one) * 100))
    assert points > 1
    expect(page.locator("#difference")).to_have_text(f"El vuelo 2 tiene {points} puntos {more} que el vuelo 1.")
    expect(page.locator("#when-title")).to_have_text("Cuándo convendría más el vuelo 2")
    expect(page.locator("#reasons > li:not(.note)").first.locator(".bar")).to_have_count(2)
    page.locator("#map .cell").nth(6).click()  # another moment of the second
    expect(answers.nth(1)).to_contain_text("lunes, 1 de marzo de 2027, 06:30")
    expect(answers.nth(0)).to_contain_text("Sky Airline a Calama")
    page.go_back()
    expect(answers.nth(1)).to_contain_text("viernes, 5 de marzo de 2027, 14:30")
    page.reload()
    expect(answers).to_have_count(2)
    page.get_by_role("button", name="Dejar de comparar").click()
    expect(answers).to_have_count(1)
    expect(answers).to_contain_text("Grupo LATAM a Lima")
    assert page.url == f"{server.url}/{LATAM}"
    page.go_back()
    expect(answers).to_have_count(2)


def test_the_link_is_copied_and_the_comparison_given_up(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/" + SKY, permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator("#map .cell")).to_have_count(168)
    page.get_by_role("button", name="Copiar el enlace").click()
    expect(page.locator("#copied")).to_have_text("Copiado.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")  # as without TLS
    page.evaluate("document.getElementById('copied').textContent = ''")
    page.get_by_role("button", name="Copiar el enlace").click()
    expect(page.locator("#copied")).to_have_text("Copiado.")
    page.get_by_role("button", name="Comparar con otro vuelo").click()
    page.get_by_label("Destino", exact=True).fill("Lima")
    page.get_by_role("button", name="No comparar").click()
    expect(page.get_by_label("Destino", exact=True)).to_have_value("Calama")
    expect(page.locator("#comparing")).to_be_hidden()

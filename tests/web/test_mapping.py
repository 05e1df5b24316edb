"""Where a file's first line does not say which column is which, the page asks."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

TEXT = "línea,a dónde,cuándo,nota\nSky Airline,Calama,2017-11-27 13:00,x\n"
AIRLINE, DESTINATION, TIME = "Columna de la aerolínea", "Columna del destino", "Columna de la salida"
PLACES = {AIRLINE: "1: línea", DESTINATION: "2: a dónde", TIME: "3: cuándo"}


def choose(card: Any, places: dict[str, str]) -> None:
    form = card.page.locator("#mapping")
    for label, option in places.items():
        form.get_by_label(label, exact=True).select_option(label=option)
    form.get_by_role("button", name="Usar estas columnas").click()


def test_people_say_which_column_is_which(card: Any) -> None:
    card.paste(TEXT)
    expect(card.state).to_have_text(
        "La primera línea debe nombrar las columnas; falta la aerolínea, el destino, la salida. Elige cuál es cuál."
    )
    expect(card.page.get_by_role("group", name="¿Qué columna es cuál?")).to_be_visible()
    expect(card.page.locator("#column-OPERA")).to_be_focused()
    choose(card, PLACES)
    expect(card.state).to_have_text("1 vuelo calculado.")
    expect(card.page.locator("#mapping")).to_be_hidden()
    (row,) = card.download()
    assert list(row)[:4] == ["línea", "a dónde", "cuándo", "nota"]


def test_what_the_first_line_does_name_is_chosen_already(card: Any) -> None:
    card.paste("Aerolínea;Destino;Llegada;Despegue\nSky Airline;Calama;x;2017-11-27 13:00")
    expect(card.state).to_contain_text("falta la salida.")
    expect(card.page.locator("#column-FECHA_PROGRAMADA")).to_be_focused()
    assert card.page.locator("#column-OPERA").input_value() == "0"
    choose(card, {TIME: "4: Despegue"})
    expect(card.state).to_have_text("1 vuelo calculado.")


def test_two_columns_that_could_be_it_are_asked_about(card: Any) -> None:
    card.paste("Aerolínea;Destino;Salida;Fecha\nSky Airline;Calama;x;2017-11-27 13:00")
    expect(card.state).to_contain_text("falta la salida.")
    choose(card, {TIME: "4: Fecha"})
    expect(card.state).to_have_text("1 vuelo calculado.")


def test_flights_of_four_columns_without_a_header(card: Any) -> None:
    card.paste("SKY100,Sky Airline,Calama,2017-11-27 13:00\nSKY101,Sky Airline,Calama,2017-11-27 14:00")
    expect(card.page.get_by_label("La primera línea ya es un vuelo")).to_be_checked()
    choose(card, {AIRLINE: "2: Sky Airline", DESTINATION: "3: Calama", TIME: "4: 2017-11-27 13:00"})
    expect(card.state).to_have_text("2 vuelos calculados.")
    assert list(card.download()[0])[:4] == ["Columna 1", "Aerolínea", "Destino", "Salida"]


def test_one_column_cannot_be_two_things(card: Any) -> None:
    card.paste(TEXT)
    choose(card, PLACES | {DESTINATION: "1: línea"})
    expect(card.page.locator("#mapping")).to_be_visible()
    said = card.page.locator("#column-SIGLADES").evaluate("(one) => one.validationMessage")
    assert said == "Esa columna ya está elegida."
    choose(card, PLACES)
    expect(card.state).to_have_text("1 vuelo calculado.")


def test_another_file_takes_the_question_away(card: Any) -> None:
    card.paste(TEXT)
    expect(card.page.locator("#mapping")).to_be_visible()
    card.paste("Sky Airline,Calama,2017-11-27 13:00")
    expect(card.page.locator("#mapping")).to_be_hidden()
    expect(card.state).to_have_text("1 vuelo calculado.")


def test_it_works_with_the_keyboard_alone(card: Any) -> None:
    card.paste(TEXT)
    expect(card.page.locator("#column-OPERA")).to_be_focused()
    for downs in (1, 2, 3):
        for _ in range(downs):
            card.page.keyboard.press("ArrowDown")
        card.page.keyboard.press("Tab")
    card.page.keyboard.press("Tab")
    card.page.keyboard.press("Enter")
    expect(card.state).to_have_text("1 vuelo calculado.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_everybody_can_use_it(card: Any, scheme: Any, width: int) -> None:
    card.page.emulate_media(color_scheme=scheme)
    card.page.set_viewport_size({"width": width, "height": 900})
    card.paste(TEXT)
    expect(card.page.locator("#mapping")).to_be_visible()
    found = Axe().run(card.page)
    assert found.violations_count == 0, found.generate_report()
    choose(card, PLACES)
    expect(card.state).to_have_text("1 vuelo calculado.")
    found = Axe().run(card.page)
    assert found.violations_count == 0, found.generate_report()
    assert card.page.evaluate("document.documentElement.scrollWidth") <= width

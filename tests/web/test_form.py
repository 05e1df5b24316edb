"""The fields of a flight: names are offered, days and hours read as people write them, and what is wrong is said."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Ask = Callable[[Page, str, str, str], None]

READ = """async ({ days, clocks }) => {
  const { readClock, readDay } = await import("/web/times.js");
  return [days.map(readDay), clocks.map(readClock)];
}"""

DAYS = {
    "5-3-2027": "2027-03-05",
    "05/03/2027": "2027-03-05",
    "5.3.27": "2027-03-05",
    "2027-03-05": "2027-03-05",
    "05032027": "2027-03-05",
    "29-2-2028": "2028-02-29",
    "29-2-2027": None,
    "3/13/2027": None,
    "1-1-1899": None,
    "1-1-2200": None,
    "5 de marzo": None,
    "": None,
}
CLOCKS = {
    "6": "06:00", "06:05": "06:05", "6.05": "06:05", "0605": "06:05", "605": "06:05", "18 h": "18:00",
    "18:30 hrs": "18:30", "18h30": "18:30", "00:00": "00:00", "23:59": "23:59", "24:00": None,
    "12:60": None, "6:05 pm": None, "": None,
}  # fmt: skip


def today() -> datetime:
    return datetime.now(ZoneInfo("America/Santiago"))


def test_days_and_hours_as_people_write_them(open_page: Open, server: Any) -> None:
    page = open_page(server.url, locale="en-US", timezone_id="Asia/Tokyo")  # neither changes what is read and shown
    days, clocks = page.evaluate(READ, {"days": [*DAYS, "hoy", "mañana", "31-12"], "clocks": list(CLOCKS)})
    now = today()
    assert dict(zip(DAYS, days, strict=False)) == DAYS
    assert days[-3:] == [f"{now:%Y-%m-%d}", f"{now + timedelta(days=1):%Y-%m-%d}", f"{now:%Y}-12-31"]
    assert dict(zip(CLOCKS, clocks, strict=True)) == CLOCKS
    day, clock = page.get_by_label("Fecha de salida"), page.get_by_label("Hora, de 00:00 a 23:59")
    expect(day).to_have_value(f"{now:%d-%m-%Y}")
    expect(page.locator("#day-said")).to_contain_text("(hoy)")
    day.fill("5/3/27")
    expect(page.locator("#day-said")).to_have_text("viernes, 5 de marzo de 2027")
    clock.fill("1830")
    clock.press("Tab")
    expect(clock).to_have_value("18:30")
    expect(day).to_have_value("05-03-2027")
    day.press("ArrowDown")
    expect(day).to_have_value("04-03-2027")


def test_what_is_missing_or_not_understood_is_said_at_its_field(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    calculate = page.get_by_role("button", name="Calcular", exact=True)
    calculate.click()
    assert page.locator(".error:visible").all_inner_texts() == [
        "Falta la aerolínea.", "Falta el destino.", "Falta la hora."
    ]  # fmt: skip
    expect(page.get_by_label("Aerolínea", exact=True)).to_be_focused()
    page.get_by_label("Aerolínea", exact=True).fill("Sky Airline")
    expect(page.locator("#opera-error")).to_be_hidden()
    page.get_by_label("Destino", exact=True).fill("Calama")
    page.get_by_label("Fecha de salida").fill("30-2-2027")
    page.get_by_label("Hora, de").fill("25:00")
    calculate.click()
    texts = page.locator(".error:visible").all_inner_texts()
    assert [text.partition(":")[0] for text in texts] == ["No se entiende la fecha", "No se entiende la hora"]
    expect(page.get_by_label("Fecha de salida")).to_have_attribute("aria-invalid", "true")
    assert page.url.rstrip("/") == server.url  # nothing was asked
    ask(page, "Sky Airline", "Calama", "2027-03-05T18:30")
    expect(page.locator(".flight")).to_have_text("Sky Airline a Calama, viernes, 5 de marzo de 2027, 18:30")
    assert page.locator(".error:visible").count() == 0


def test_names_are_offered_as_people_know_them(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    routes = httpx.get(server.url + "/catalogue").json()["rutas"]
    airline, destination = page.get_by_label("Aerolínea", exact=True), page.get_by_label("Destino", exact=True)
    offered = page.locator("#opera-list li")
    airline.click()
    expect(offered).to_have_count(len(routes))
    airline.fill("sku")  # its code
    expect(offered).to_have_text(["Sky Airline"])
    airline.press("ArrowDown")
    expect(offered.first).to_have_attribute("aria-selected", "true")
    airline.press("Escape")
    expect(offered.first).to_be_hidden()
    airline.press("ArrowDown")
    airline.fill("k.l")
    airline.press("ArrowDown")
    airline.press("Enter")
    expect(airline).to_have_value("K.L.M.")
    assert page.url.rstrip("/") == server.url  # Enter took the name and asked nothing
    destination.click()
    places = page.locator("#siglades-list li")
    assert places.all_inner_texts()[: len(routes["K.L.M."])] == routes["K.L.M."]  # those of its routes first
    destination.fill("CONCEPCIÓN")
    places.first.click()
    expect(destination).to_have_value("Concepcion")
    expect(places.first).to_be_hidden()
    expect(page.locator("#route")).to_have_text(
        "Los datos no tienen vuelos de K.L.M. a Concepcion; se puede calcular igual."
    )
    page.get_by_label("Hora, de").fill("6:20")
    page.get_by_role("button", name="Calcular", exact=True).click()
    expect(page.locator("#answer")).to_be_visible()


def test_a_day_is_chosen_in_the_calendar(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    day, opener, picker = page.get_by_label("Fecha de salida"), page.locator("#day-open"), page.locator("#day-picker")
    day.fill("31-1-2028")
    opener.click()
    focused = page.locator("#day-picker :focus")
    for key, expected in (
        ("PageDown", "martes, 29 de febrero de 2028"),
        ("ArrowRight", "miércoles, 1 de marzo de 2028"),
        ("Home", "lunes, 28 de febrero de 2028"),
        ("ArrowUp", "lunes, 21 de febrero de 2028"),
        ("End", "domingo, 27 de febrero de 2028"),
    ):
        page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-label", expected)
    page.keyboard.press("Enter")
    expect(day).to_have_value("27-02-2028")
    expect(picker).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    page.get_by_role("button", name="Mes siguiente").click()
    page.get_by_role("button", name="viernes, 10 de marzo de 2028").click()
    expect(day).to_have_value("10-03-2028")
    opener.click()
    page.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    opener.click()
    page.get_by_label("Destino", exact=True).click()
    expect(picker).to_be_hidden()


def test_the_keyboard_is_enough(open_page: Open, server: Any) -> None:
    """From the start of the page to an answer, another hour, an example, a comparison and a reason's evidence."""
    page = open_page(server.url)
    keys = page.keyboard
    expect(page.locator("#basis")).to_be_visible()

    def tab_to(inside: str) -> None:
        for _ in range(40):
            keys.press("Tab")
            if page.evaluate("(where) => document.activeElement.closest(where) !== null", inside):
                return
        pytest.fail(f"Tab does not lead to {inside}")

    tab_to("#opera")
    keys.type("sky")
    keys.press("ArrowDown")
    keys.press("Enter")
    keys.press("Tab")
    keys.type("calama")
    tab_to("#time")
    keys.type("0620")
    keys.press("Enter")
    expect(page.locator(".flight")).to_contain_text("Sky Airline a calama")
    expect(page.locator("#map .cell")).to_have_count(168)
    tab_to("#map")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.locator("#result")).to_be_focused()
    tab_to("#compare")
    keys.press("Enter")
    expect(page.locator("#opera")).to_be_focused()
    tab_to("#time")
    keys.press("ControlOrMeta+A")
    keys.type("21")
    keys.press("Enter")
    expect(page.locator(".answer")).to_have_count(2)
    page.locator("#choose-title").evaluate("(title) => { title.tabIndex = -1; title.focus(); }")
    tab_to("#examples-open")
    keys.press("Enter")
    expect(page.locator("#search")).to_be_visible()
    tab_to("#search")
    keys.type("229")
    tab_to("#list")
    tab_to("#list button")
    keys.press("Enter")
    expect(page.locator(".happened")).to_be_visible()
    expect(page.locator("#reasons li").first).to_be_visible()
    tab_to("#reasons summary")
    keys.press("Enter")
    expect(page.locator("#reasons details[open] li").first).to_be_visible()

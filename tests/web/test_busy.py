"""A service that is slow, busy, or gone: what the page says, and that it asks again."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

Open = Callable[..., Page]
Ask = Callable[[Page, str, str, str], None]

PREDICT = "**/predict_delay_probability?detail=1"
BUSY: dict[str, Any] = {
    "status": 503,
    "body": json.dumps({"detail": "Too many flights are waiting for the model, try again"}),
    "content_type": "application/json",
    "headers": {"retry-after": "1"},
}


def test_a_busy_service_is_asked_again_and_told_of(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url, silent=False)  # Chromium logs each 503
    asked: list[Route] = []

    def busy_twice(route: Route) -> None:
        asked.append(route)
        route.fulfill(**BUSY) if len(asked) < 3 else route.continue_()

    page.route(PREDICT, busy_twice)
    ask(page, "Sky Airline", "Calama", "2027-03-05T06:20")
    expect(page.locator(".probability")).to_be_visible()
    assert len(asked) == 3
    page.unroute(PREDICT)
    page.route(PREDICT, lambda route: route.fulfill(**BUSY))
    ask(page, "Sky Airline", "Lima", "2027-03-05T06:20")
    expect(page.locator("#state")).to_have_text("El servicio está muy ocupado; inténtalo otra vez.")
    for hidden in ("#answer", "#why", "#when"):
        expect(page.locator(hidden)).to_be_hidden()  # nothing of the flight before stays beside it
    page.unroute(PREDICT)
    page.get_by_role("button", name="Intentar otra vez").click()
    expect(page.locator(".flight")).to_contain_text("Sky Airline a Lima")
    expect(page.locator("#again")).to_be_hidden()


def test_a_slow_service_is_waited_for_and_an_older_question_dropped(open_page: Open, ask: Ask, server: Any) -> None:
    page = open_page(server.url)
    held: list[Route] = []
    page.route(PREDICT, lambda route: route.continue_() if held else held.append(route))
    ask(page, "Sky Airline", "Calama", "2027-03-05T06:20")
    expect(page.locator("#state")).to_have_text("Calculando…")
    expect(page.locator("#state")).to_have_text("El servicio está tardando; se sigue esperando…")
    ask(page, "Grupo LATAM", "Lima", "2027-03-05T14:30")
    expect(page.locator(".flight")).to_contain_text("Grupo LATAM a Lima")
    expect(page.locator("#map .cell")).to_have_count(168)
    with page.expect_response(PREDICT):
        held[0].continue_()
    expect(page.locator(".flight")).to_contain_text("Grupo LATAM a Lima")
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")

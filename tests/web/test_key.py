"""The pages of a service that asks for an API key, in real Chromium."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
KEY = "a-key-for-tests"


@pytest.fixture(scope="module")
def closed(servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, env={"ATRASO_API_KEYS": KEY})


def enter(page: Page, key: str, label: str = "Clave de la API", send: str = "Usar") -> None:
    page.get_by_label(label, exact=True).fill(key)
    page.get_by_role("button", name=send, exact=True).click()


def test_the_back_office_asks_for_the_key_and_keeps_it(open_page: Open, closed: Any) -> None:
    page = open_page(closed.url, silent=False)  # Chromium logs each 401
    expect(page.locator("#key")).to_contain_text("Este servicio pide una clave.")
    expect(page.locator("#state")).to_have_text("El servicio pide una clave; escríbela arriba.")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    enter(page, "wrong")
    expect(page.locator("#key")).to_contain_text("Esa clave no sirve.")
    enter(page, KEY)
    expect(page.locator("#found")).to_contain_text("300 de 300 vuelos")
    expect(page.locator("#key")).to_be_hidden()
    page.locator("#examples-open").click()
    page.locator("#list button").first.click()
    expect(page.locator("#answer")).to_be_visible()
    page.reload()
    expect(page.locator("#answer")).to_be_visible()
    assert page.locator("#key").count() == 0
    assert page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]


def test_the_apis_page_asks_for_it_too(open_page: Open, closed: Any) -> None:
    page = open_page(closed.url, "/docs#flights", silent=False)
    card = page.locator("#flights")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_contain_text("401")
    expect(page.locator("#keys")).to_contain_text("It asks for an API key")
    enter(page, KEY, "API key", "Use")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_contain_text("200 OK, ")
    expect(card.locator(".snippet")).to_contain_text('-H "x-api-key: $API_KEY"')
    assert KEY not in page.locator("body").inner_text()


def test_a_service_without_keys_asks_for_none(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    expect(page.locator("#found")).to_contain_text("300 de 300 vuelos")
    assert page.locator("#key").count() == 0

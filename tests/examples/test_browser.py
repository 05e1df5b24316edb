"""The page of examples/browser, in real Chromium, from a plain static file server."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench import examples
from bench.examples import EXAMPLES


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(need: Callable[[object, str], None]) -> Iterator[str]:
    """dist/, under a path of its own."""
    (example,) = [each for each in EXAMPLES if each.name == "browser"]
    tool = example.missing()
    need(not tool, f"{tool} is not installed: the page of examples/browser is left out")
    examples.build(example)
    handler = functools.partial(Quiet, directory=str(example.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/dist/"
        server.shutdown()


@pytest.fixture(scope="module")
def context(site: str, browser: Browser) -> BrowserContext:
    return browser.new_context(locale="es-CL")


@pytest.fixture
def page(context: BrowserContext, site: str) -> Iterator[Page]:
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(site) else problems.append(request.url))
    page.goto(site)
    expect(page.locator("#state")).to_have_text("Listo. Elige un vuelo.", timeout=30_000)
    yield page
    page.close()
    assert problems == []


def ask(page: Page, opera: str, siglades: str, time: str) -> None:
    page.get_by_label("Aerolínea").fill(opera)
    page.get_by_label("Destino").fill(siglades)
    page.get_by_label("Salida programada").fill(time)
    page.get_by_role("button", name="Calcular").click()


def test_predicts_without_a_network(page: Page, context: BrowserContext) -> None:
    page.get_by_role("button", name="Calcular").click()
    expect(page.locator("#probability")).to_have_text("27\xa0%")
    expect(page.locator("#class")).to_contain_text("Alta probabilidad de atraso")
    context.set_offline(True)
    try:
        ask(page, "Aerolineas Argentinas", "Antofagasta", "2017-01-01T00:30")
        expect(page.locator("#probability")).to_have_text("14\xa0%")
        expect(page.locator("#class")).to_contain_text("Baja probabilidad de atraso")
    finally:
        context.set_offline(False)


def test_what_was_typed_is_text_and_an_unknown_name_is_told(page: Page) -> None:
    ask(page, "<script>alert(1)</script>", "Calama", "2017-11-27T13:00")
    expect(page.locator("#flight")).to_contain_text("<script>alert(1)</script> a Calama")
    expect(page.locator("#note")).to_have_text("El modelo no conoce la aerolínea: se usan promedios.")


def test_a_model_that_does_not_come_is_told(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.route("**/pipeline.onnx", lambda route: route.fulfill(status=404, body="gone"))
    page.goto(site)
    expect(page.locator("#state")).to_contain_text("El modelo no se pudo cargar", timeout=30_000)
    expect(page.get_by_role("button", name="Calcular")).to_be_disabled()
    page.close()

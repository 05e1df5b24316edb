"""A page in real Chromium, which fails its test when it logs an error or asks another host."""

import csv
import io
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from service.api.contract import EXAMPLE

Open = Callable[..., Page]

expect.set_options(timeout=15_000)  # the machine may be busy with other tests


@pytest.fixture
def free_port() -> int:
    """For a server that has to come back where it was."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a page of a server; `silent` is False where the test takes the server away, which Chromium logs."""
    opened, problems = [], []

    def start(url: str, path: str = "/", silent: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"locale": "es-CL", **options})
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda it: None if it.url.startswith((url, "blob:")) else problems.append(it.url))
        if silent:
            page.on("console", lambda it: problems.append(it.text) if it.type in ("error", "warning") else None)
        page.goto(url + path)
        return page

    yield start
    for context in opened:
        context.close()
    assert problems == []


class FileCard:
    """The card of the back office page that takes whole files."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.state = page.locator("#file-state")
        self.bad = page.locator("#bad-lines li")

    def paste(self, text: str) -> None:
        self.page.locator("#paste-box").evaluate("(fold) => (fold.open = true)")
        self.page.get_by_label("Texto del CSV").fill(text)
        self.page.get_by_role("button", name="Calcular todos").click()

    def choose(self, path: Path) -> None:
        self.state.evaluate("(one) => (one.textContent = '')")  # what is awaited then is told of this file
        self.page.get_by_label("Elegir un archivo CSV o Excel").set_input_files(path)

    def column(self, name: str) -> list[str]:
        """What a column of the table shows."""
        names = [text.strip() for text in self.page.locator("#scored th:has([data-column])").all_inner_texts()]
        return self.page.locator(f"#rows tr:not(.why) td:nth-child({names.index(name) + 1})").all_inner_texts()

    def download(self, separator: str = ",") -> list[dict[str, str]]:
        rows = csv.reader(io.StringIO(self.take("Descargar con los resultados"), newline=""), delimiter=separator)
        header = next(rows)
        assert len(set(header)) == len(header)
        return [dict(zip(header, row, strict=True)) for row in rows]

    def take(self, button: str) -> str:
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name=button).click()
        return Path(started.value.path()).read_bytes().decode("utf-8-sig")


@pytest.fixture
def example_cell(server: Any) -> str:
    """What the table's `Probabilidad` shows of the example flight: `27 % alta`."""
    told = server.post("/predict_delay_probability", EXAMPLE).json()
    kind = told["clase"][0].split()[0].lower()
    return f"{round(100 * told['delay_probability'])}\N{NO-BREAK SPACE}% {kind}"


Ask = Callable[[Page, str, str, str], None]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(page, airline, destination, "2018-03-05T06:20")` types a flight and calculates it."""

    def typed(page: Page, opera: str, siglades: str, time: str) -> None:
        day, clock = time.split("T")
        fields = {"Aerolínea": opera, "Destino": siglades, "Fecha de salida": "-".join(reversed(day.split("-")))}
        for label, text in fields.items():
            page.get_by_label(label, exact=True).fill(text)
        page.get_by_label("Hora, de 00:00 a 23:59").fill(clock)
        page.get_by_role("button", name="Calcular", exact=True).click()

    return typed


@pytest.fixture
def card(open_page: Open, server: Any) -> FileCard:
    return FileCard(open_page(server.url))

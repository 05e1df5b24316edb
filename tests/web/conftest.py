"""A page in real Chromium, which fails its test when it logs an error or asks another host."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

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

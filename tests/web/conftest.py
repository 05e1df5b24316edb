"""A page in real Chromium, which fails its test when it logs an error or asks another host."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

Open = Callable[..., Page]


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

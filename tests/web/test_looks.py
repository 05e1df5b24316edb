"""Whether everybody can use the pages: axe finds nothing, nothing is cut off, and one page comes out on paper."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

Open = Callable[..., Page]

ONE = "/?aerolinea=Grupo+LATAM&destino=Lima&salida=2027-03-05T14:20"
TWO = ONE + "&aerolinea2=Sky+Airline&destino2=Calama&salida2=2027-03-06T06:20"
EXAMPLE = "/?aerolinea=Grupo+LATAM&destino=Buenos+Aires&salida=2017-01-02T08%3A15&ejemplo=229"
FILE = "OPERA,SIGLADES,FECHA_PROGRAMADA\nSky Airline,Calama,2017-11-27 13:00\nNueva,Lima,2027-03-05 14:00\na,b,c\n"


SMALL = """(all) => all.filter((one) => {
  const { width, height } = one.getBoundingClientRect();
  return Math.min(width, height) < 24;
}).map((one) => one.outerHTML)"""


def check(page: Page, where: str) -> None:
    violations = Axe().run(page).response["violations"]
    assert [(where, each["id"], each["nodes"][0]["html"]) for each in violations] == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], where


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1440, "dark")])
def test_axe_finds_nothing(open_page: Open, server: Any, width: int, scheme: str) -> None:
    page = open_page(server.url, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.get_by_role("button", name="Calcular", exact=True).click()
    page.get_by_label("Aerolínea", exact=True).press("ArrowDown")
    check(page, "what is missing, and names that are offered")
    page.keyboard.press("Escape")
    page.locator("#day-open").click()
    check(page, "the calendar")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Probar con un vuelo de 2017").click()
    expect(page.locator("#list button").first).to_be_visible()
    check(page, "the drawer")
    page.goto(server.url + TWO)
    expect(page.locator("#near .cell")).to_have_count(7)
    page.locator("#reasons summary").first.click()
    page.locator("#paste-box").evaluate("(fold) => (fold.open = true)")
    page.get_by_label("Texto del CSV").fill(FILE)
    page.get_by_role("button", name="Calcular todos").click()
    page.locator("#by-airline summary").click()
    page.locator("#rows button").first.click()
    expect(page.locator("tr.why .reasons > li").first).to_be_visible()
    check(page, "two flights, and those of a file")
    targets = page.locator("button:visible, summary:visible, footer a, #strip:visible, #maps .cell rect:first-of-type")
    assert targets.evaluate_all(SMALL) == []  # WCAG 2.2, 2.5.8


@pytest.mark.parametrize("path", ["/report/ficha", "/report/"])
def test_axe_finds_nothing_in_what_is_told_of_the_model(open_page: Open, server: Any, path: str) -> None:
    for width, scheme in ((360, "dark"), (1440, "light")):
        page = open_page(server.url, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
        check(page, f"{width} {scheme}")


def test_the_sheet_is_one_screen_with_contents_and_ways_back(open_page: Open, server: Any) -> None:
    page = open_page(server.url, viewport={"width": 1440, "height": 900})
    assert page.get_by_role("link", name="Métricas").count() == 0
    page.get_by_role("link", name="Ficha del modelo").click()
    expect(page.get_by_role("heading", name="Ficha del modelo")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= 900
    assert page.locator("dl dt").count() == 4
    assert page.locator("figure svg").count() == 2
    for link in page.locator("nav a[href^='#']").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    page.get_by_role("link", name="Informe completo para ingenieros").click()
    expect(page.get_by_role("heading", name="The model", exact=True)).to_be_visible()
    page.wait_for_load_state()  # the pictures too
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    contents = page.locator("nav a[href^='#']")
    assert contents.count() == page.locator("h2").count() > 5
    for link in contents.all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    page.get_by_role("link", name="La ficha, en español").click()
    page.get_by_role("link", name="Volver a calcular").click()
    expect(page.locator("#form")).to_be_visible()


def test_the_answer_is_wide_on_a_screen_and_stays_in_sight_on_a_phone(open_page: Open, server: Any) -> None:
    page = open_page(server.url, ONE, viewport={"width": 1440, "height": 900})
    expect(page.locator("#near .cell")).to_have_count(7)
    form, answer = page.locator("#choose").bounding_box(), page.locator("#result").bounding_box()
    assert form
    assert answer
    assert answer["width"] == form["width"] > 1000
    assert form["y"] < answer["y"] < 500
    expect(page.locator("#strip")).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 800})
    answer = page.locator(".probability").bounding_box()
    assert answer
    assert answer["y"] < 1000  # one form below the top, and no list
    page.locator("#month").scroll_into_view_if_needed()
    strip = page.locator("#strip")
    expect(strip).to_be_visible()
    expect(strip).to_contain_text(page.locator(".probability").inner_text())
    expect(strip).to_contain_text("Grupo LATAM a Lima")
    strip.click()
    expect(strip).to_be_hidden()  # the answer itself is here
    expect(page.locator(".probability")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("path", "width", "scheme"), [(ONE, 1440, "dark"), (TWO, 1440, "light"), (EXAMPLE, 360, "dark")]
)
def test_one_page_comes_out_on_paper(
    open_page: Open, server: Any, tmp_path: Path, path: str, width: int, scheme: str
) -> None:
    page = open_page(server.url, path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    expect(page.locator("#near .cell")).to_have_count(7)
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    pdf = (tmp_path / "page.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    for shown in (
        ".flight >> nth=0",
        ".probability >> nth=0",
        "#reasons > li >> nth=0",
        "#map svg",
        "#month svg",
        "#basis",
    ):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("#choose", "#files", "footer", "#print", "#strip", ".hint >> nth=0"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("#reasons details[open]").count() == 0  # as it was before


def test_a_files_results_come_out_on_paper(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    page.locator("#paste-box").evaluate("(fold) => (fold.open = true)")
    page.get_by_label("Texto del CSV").fill(FILE)
    page.get_by_role("button", name="Calcular todos").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.emulate_media(media="print")
    for shown in ("#summary", "#rows tr >> nth=0"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("#result", "#drop", "#download", "#choose"):
        expect(page.locator(hidden)).to_be_hidden()

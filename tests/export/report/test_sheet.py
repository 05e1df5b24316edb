"""The sheet for schedulers: its figures are the report's, and nothing in it runs or asks anybody."""

import copy
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from export.report.page import html_page
from export.report.sheet import HEIGHT, MONTHS, picture, share, sheet, thousands

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "model.json").read_bytes())
    return found


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S)))


def test_the_shipped_sheet_is_that_of_the_shipped_figures(figures: dict[str, Any]) -> None:
    assert (ROOT / "docs" / "ficha.html").read_text(encoding="utf-8") == sheet(figures)


def test_its_figures_are_the_reports(figures: dict[str, Any]) -> None:
    text = text_of(sheet(figures))
    recipe, data = figures["shipped"]["recipe"], figures["data"]
    tested = figures["recipes"][recipe]["backtest"]
    gaps = {row["month"]: row[recipe]["delay_rate"] - row[recipe]["mean_probability"] for row in figures["months"]}
    worst = max(gaps, key=lambda month: abs(gaps[month]))
    announced = {row["threshold"]: row for row in figures["thresholds"]["backtest"]}[figures["shipped"]["threshold"]]
    for told in (
        f"Aprendió de {thousands(data['flights'])} vuelos de {data['from'][:4]}, de los que se atrasó el",
        f"{100 * tested['auc']:.0f} de 100 Pares",
        f"{100 * announced['precision']:.0f} de 100 Vuelos con «alta»",
        f"{100 * announced['recall']:.0f} de 100 Atrasos",
        f"{100 * abs(gaps[worst]):.0f} puntos",
        f"en {MONTHS[int(worst[5:]) - 1]} se atrasó el",
    ):
        assert told in text
    page = sheet(figures)
    assert page.count("<dt>") == 4
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert not re.findall(r"https?://", page)


def test_other_figures_give_another_sheet(figures: dict[str, Any]) -> None:
    other = copy.deepcopy(figures)
    other["data"] |= {"from": "2024-03-01", "to": "2026-02-28", "flights": 1234567}
    other["recipes"][other["shipped"]["recipe"]]["backtest"]["auc"] = 0.701
    other["quick"] = True
    text = text_of(sheet(other))
    for told in ("1.234.567 vuelos de 2024 a 2026", "70 de 100", "Ficha rápida"):
        assert told in text
    assert "2017" not in text


def test_a_picture_worked_out_by_hand() -> None:
    drawn = picture([{"name": "jul", "said": 0.15, "was": 0.3}, {"name": "ago", "said": 0.2, "was": 0.0}])
    bottom, top = drawn["bottom"], drawn["lines"][-1]["y"]
    assert [line["label"] for line in drawn["lines"]] == ["0", "10", "20", "30", "40"]
    high, none = drawn["bars"]
    assert high["height"] == pytest.approx((bottom - top) * 0.75, abs=0.2)
    assert (bottom - high["said"]) * 2 == pytest.approx(high["height"], abs=0.2)
    assert (none["height"], none["y"]) == (0, bottom)
    assert bottom < HEIGHT


@pytest.mark.parametrize(("part", "text"), [(0.1849, "18,5"), (0.25, "25"), (0, "0"), (0.2934, "29,3"), (1, "100")])
def test_a_share_as_chileans_write_it(part: float, text: str) -> None:
    assert share(part) == f"{text}\N{NO-BREAK SPACE}%"


def test_the_report_has_contents_and_ways_back() -> None:
    page = html_page("# The model\n\n## Is 30 % late?\n\n### Not this\n\n## The data\n")
    linked = re.findall(r'<a href="#(.+?)">(.+?)</a>', page)
    assert linked == [("is-30-late", "Is 30 % late?"), ("the-data", "The data")]
    assert re.findall(r'<h2 id="(.+?)">', page) == ["is-30-late", "the-data"]
    assert '<a href="../">' in page
    assert '<a href="ficha"' in page

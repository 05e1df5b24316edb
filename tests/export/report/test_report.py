"""The whole report, quick, on made-up flights and on the real ones."""

import html
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.report.curves import gain_curve, level_known, precision_recall
from export.report.page import html_page
from export.report.pictures import PICTURES

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def made_up(small_csv: Path, tmp_path_factory: pytest.TempPathFactory, run_anew: Callable[..., str]) -> list[Path]:
    """The report of the made-up flights, twice."""
    folders = [tmp_path_factory.mktemp("report") for _ in range(2)]
    with ThreadPoolExecutor() as side_by_side:
        list(
            side_by_side.map(
                lambda folder: run_anew("report", "--data", small_csv, "--quick", "--out", folder), folders
            )
        )
    return folders


def test_the_same_flights_give_the_same_report(made_up: list[Path]) -> None:
    first, second = ({path.name: path.read_bytes() for path in folder.rglob("*.*")} for folder in made_up)
    assert first == second
    pages = ("model.md", "model.json", "model.html", "ficha.html")
    assert set(first) == {*pages, *(f"model-{name}.png" for name in PICTURES)}


def test_the_page_shows_its_pictures_and_says_that_it_is_quick(made_up: list[Path]) -> None:
    page = (made_up[0] / "model.md").read_text()
    shown = re.findall(r"!\[.+?\]\((.+?)\)", page)
    assert sorted(shown) == sorted(f"img/model-{name}.png" for name in PICTURES)
    assert all((made_up[0] / name).stat().st_size > 20_000 for name in shown)
    assert "**A quick report" in page
    assert "{{" not in page
    assert "a random fifth" in page


def test_the_page_for_browsers_says_the_same(made_up: list[Path]) -> None:
    text, page = ((made_up[0] / name).read_text() for name in ("model.md", "model.html"))
    assert re.findall(r'<img src="(.+?)"', page) == re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert page.count("<table>") == len(re.findall(r"^\| ?-", text, re.M))
    assert html.unescape(re.sub(r"<[^>]+>", "", page)).count("AUC") == re.sub(r"!\[.+?\]", "", text).count("AUC")
    assert "<script" not in page


def test_quick_on_the_real_flights(
    real_data: Path, reference_predictions: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    run_export("report", "--data", real_data, "--test", reference_predictions, "--quick", "--out", tmp_path)
    figures = json.loads((tmp_path / "model.json").read_bytes())
    assert figures["data"]["flights"] == 68_206
    recipes = figures["recipes"]
    assert recipes["improved"]["backtest"]["auc"] > recipes["reference"]["backtest"]["auc"]
    assert len(figures["path"]) == 16


def shipped() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((ROOT / "docs" / "model.json").read_bytes())
    return figures


def test_the_shipped_page_for_browsers_is_up_to_date() -> None:
    text, page = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("model.md", "model.html"))
    assert page == html_page(text)


def test_the_shipped_page_is_that_of_the_shipped_model() -> None:
    figures = shipped()
    manifest = json.loads((ROOT / "tables" / "manifest.json").read_bytes())
    assert not figures["quick"]
    assert figures["listed"]
    assert figures["shipped"]["recipe"] == manifest["model"]["recipe"]
    assert figures["shipped"]["threshold"] == manifest["model"]["threshold"]
    assert [each["name"] for each in figures["shipped"]["features"]] == [each["name"] for each in manifest["features"]]
    assert figures["data"]["sha256"] == manifest["data"]["sha256"]


def test_the_shipped_figures_keep_what_was_promised() -> None:
    figures = shipped()
    improved, reference = figures["recipes"]["improved"], figures["recipes"]["reference"]
    assert improved["backtest"]["auc"] >= max(0.645, reference["backtest"]["auc"] + 0.03)
    assert improved["reference_split"]["auc"] >= 0.7416
    assert improved["reference_split"]["macro_f1_at_shipped"] >= 0.6454


@pytest.mark.parametrize(
    ("recipe", "monthly", "weekly", "split"), [("improved", 0.655, 0.664, 0.744), ("effects", 0.656, 0.667, 0.748)]
)
def test_both_recipes_reach_what_was_asked(recipe: str, monthly: float, weekly: float, split: float) -> None:
    kept = shipped()["kept"]
    rows = {(row["name"], row["lag_days"]): row["all"] for row in kept["rows"] if row["recipe"] == recipe}
    assert rows["monthly", 0]["auc"]["value"] >= monthly
    assert rows["monthly", 0]["log_loss"]["value"] <= 0.508
    assert rows["weekly, with the level", 1]["auc"]["value"] >= weekly
    assert rows["weekly, with the level", 1]["calibration_error"]["value"] <= 0.027
    (found,) = [row["auc"]["value"] for row in kept["reference_split"] if row["recipe"] == recipe]
    assert found >= split


def test_a_gain_worked_out_by_hand() -> None:
    delayed = np.arange(100) < 20
    curve = gain_curve(delayed, np.linspace(1, 0.01, 100))
    assert curve["gain"][:4] == pytest.approx([0.05, 0.1, 0.15, 0.2])
    assert curve["gain"][19:] == pytest.approx([1.0] * 81)
    assert curve["lift"][0] == pytest.approx(5)
    assert curve["lift"][-1] == pytest.approx(1)


def test_precision_and_recall_meet_at_the_rate() -> None:
    delayed = np.arange(100) < 20
    curve = precision_recall(delayed, np.linspace(0.01, 1, 100))
    assert curve["precision"][-1] == pytest.approx(0.2)
    assert precision_recall(delayed, np.linspace(1, 0.01, 100))["precision"] == [1.0] * 100


def test_a_known_level_moves_all_odds_alike() -> None:
    random = np.random.default_rng(0)
    predicted = random.uniform(0.05, 0.5, 1000)
    moved = level_known(random.random(1000) < 0.4, predicted)
    shift = np.log(moved / (1 - moved)) - np.log(predicted / (1 - predicted))
    assert shift == pytest.approx(shift[0])
    assert moved.mean() == pytest.approx(0.4, abs=0.05)

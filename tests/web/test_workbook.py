"""Excel workbooks in the back office page, written by a program that writes such for people."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from playwright.sync_api import expect

NOON = datetime(2017, 11, 27, 13, 0)
HEADER = ["Aerolínea", "Destino", "Salida"]


def workbook(path: Path, rows: list[list[Any]], form: str = "dd/mm/yyyy hh:mm", **options: Any) -> Path:
    with xlsxwriter.Workbook(path, {"remove_timezone": True, **options}) as book:
        sheet, dates = book.add_worksheet(), book.add_format({"num_format": form})
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(place, column, cell, *([dates] if isinstance(cell, datetime) else []))
    return path


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("dd/mm/yyyy hh:mm", {}),
        ("dd-mm-yy h:mm AM/PM", {}),
        ("[$-340A]d mmm yyyy, h:mm;@", {}),
        ("yyyy-mm-dd hh:mm:ss", {"date_1904": True}),
        ("dd/mm/yyyy hh:mm", {"constant_memory": True}),
    ],
)
def test_a_workbooks_dates_are_times(
    card: Any, example_cell: str, tmp_path: Path, form: str, options: dict[str, Any]
) -> None:
    times = [NOON + timedelta(minutes=7 * n) for n in range(400)]  # most of them are no exact part of a day
    rows = [["Sky Airline", "Calama", time] for time in times]
    card.choose(workbook(tmp_path / "vuelos.xlsx", [HEADER, *rows], form, **options))
    expect(card.state).to_have_text("400 vuelos calculados.")
    assert card.column("Probabilidad")[0] == example_cell
    found = card.download(";")
    assert [row["Salida"] for row in found] == [f"{time:%Y-%m-%d %H:%M}" for time in times]


def test_texts_numbers_and_empty_rows(card: Any, tmp_path: Path) -> None:
    serial = (NOON - datetime(1899, 12, 30)) / timedelta(days=1)
    rows: list[list[Any]] = [
        [],
        ["n", *HEADER],
        [7, "Sky Airline", "Calama", "27/11/2017 13:00"],
        [],
        [8.5, "Sky Airline", "Calama", serial],
        [True, "Sky Airline", "Calama", "hoy"],
    ]
    card.choose(workbook(tmp_path / "vuelos.xlsx", rows))
    expect(card.state).to_have_text("2 vuelos calculados; 1 línea con problemas.")
    assert card.column("Línea") == ["3", "5"]
    assert card.column("Salida") == ["27/11/2017 13:00", "2017-11-27 13:00"]
    assert card.bad.all_inner_texts()[0].startswith("Línea 6: no se entiende la salida «hoy»")


def test_a_date_without_a_time_is_no_midnight(card: Any, tmp_path: Path) -> None:
    rows = [["Sky Airline", "Calama", datetime(2017, 11, day)] for day in (27, 28)]
    card.choose(workbook(tmp_path / "vuelos.xlsx", [HEADER, *rows], "dd/mm/yyyy"))
    expect(card.state).to_have_text("0 vuelos calculados; 2 líneas con problemas.")
    assert card.bad.all_inner_texts()[0].startswith("Línea 2: no se entiende la salida «2017-11-27»")


def test_one_midnight_among_other_times_is_one(card: Any, tmp_path: Path) -> None:
    rows = [["Sky Airline", "Calama", time] for time in (NOON, datetime(2017, 11, 28))]
    card.choose(workbook(tmp_path / "vuelos.xlsx", [HEADER, *rows]))
    expect(card.state).to_have_text("2 vuelos calculados.")
    assert card.column("Salida") == ["2017-11-27 13:00", "2017-11-28 00:00"]


def test_its_columns_can_be_told_as_well(card: Any, tmp_path: Path) -> None:
    card.choose(workbook(tmp_path / "vuelos.xlsx", [["a", "b", "c"], ["Sky Airline", "Calama", NOON]]))
    for label, place in (("de la aerolínea", "0"), ("del destino", "1"), ("de la salida", "2")):
        card.page.get_by_label(f"Columna {label}").select_option(place)
    card.page.get_by_role("button", name="Usar estas columnas").click()
    expect(card.state).to_have_text("1 vuelo calculado.")


def test_its_reader_is_loaded_only_then(card: Any, tmp_path: Path) -> None:
    asked: list[str] = []
    card.page.on("request", lambda request: asked.append(request.url))
    card.paste("Sky Airline,Calama,2017-11-27 13:00")
    expect(card.state).to_have_text("1 vuelo calculado.")
    assert not [url for url in asked if "vendor" in url]
    card.choose(workbook(tmp_path / "vuelos.xlsx", [HEADER, ["Sky Airline", "Calama", NOON]]))
    expect(card.state).to_have_text("1 vuelo calculado.")
    expect(card.page.locator("#rows td").nth(4)).to_have_text("2017-11-27 13:00")
    assert len([url for url in asked if "vendor" in url]) == 1


def test_what_others_wrote_has_its_licence_beside_it(server: Any) -> None:
    reader = httpx.get(server.url + "/web/vendor/read-excel-file.js").text
    licences = httpx.get(server.url + "/web/vendor/licences.txt").text
    assert len(reader) < 100_000
    for package in ("read-excel-file 9.3.17", "fflate 0.8.3", "saxen 11.2.0"):
        assert package in reader[:200]
        assert package in licences
    for forbidden in ("eval(", "new Function", "new Worker", "document."):
        assert forbidden not in reader

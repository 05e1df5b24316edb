import gzip
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from export.data.flights import read_column, read_flights, read_ids
from export.errors import ExportError

HEADER = "Fecha-I,Vlo-I,Fecha-O,OPERA,SIGLADES\n"
ROW = "2017-01-01 23:30:00,226,2017-01-01 23:46:00,Sky Airline,Calama\n"
ON_TIME = "2017-01-02 10:00:00,226,2017-01-02 10:15:00,Grupo LATAM,Lima\n"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_reads_labels_and_ids(tmp_path: Path) -> None:
    flights = read_flights(write(tmp_path / "f.csv", HEADER + ROW + ON_TIME))
    assert flights.ids == [
        ("Sky Airline", "Calama", datetime(2017, 1, 1, 23, 30)),
        ("Grupo LATAM", "Lima", datetime(2017, 1, 2, 10)),
    ]
    assert flights.delayed.tolist() == [True, False]  # 16 minutes are late, 15 are not
    assert flights.scheduled[0] == np.datetime64("2017-01-01T23:30:00")


def test_a_gzipped_file_a_bom_and_a_quoted_line_break_are_read_alike(tmp_path: Path) -> None:
    text = HEADER + ROW.replace("226", '"2\n26"') + ON_TIME
    plain = read_flights(write(tmp_path / "a.csv", text))
    packed = read_flights(write(tmp_path / "b.csv.gz", gzip.compress(text.encode())))
    marked = read_flights(write(tmp_path / "c.csv", "\ufeff" + text))
    assert plain.ids == packed.ids == marked.ids
    assert plain.sha256 == packed.sha256


def test_read_ids_needs_no_outcome(tmp_path: Path) -> None:
    path = write(tmp_path / "ids.csv", "OPERA,SIGLADES,Fecha-I\nSky Airline,Calama,2017-01-01 23:30:00\n")
    assert read_ids(path) == [("Sky Airline", "Calama", datetime(2017, 1, 1, 23, 30))]


LATIN1 = (HEADER + ROW + ROW.replace("Sky", "Ñandú")).encode("latin-1")

BAD = {
    "UTF-16": ((HEADER + ROW).encode("utf-16"), ": it is UTF-16, and CSV in UTF-8 is read: save it as that"),
    "Parquet": (b"PAR1\x15\x04\xff", ": it is Parquet, and CSV"),
    "Excel": (b"PK\x03\x04\x14\x00\xff", ": it is a zip archive, as a workbook of Excel is, and CSV"),
    "no text": (b"\x00\x01\xff,\n", ", line 1: not UTF-8 (invalid start byte) in column 1"),
    "empty": ("", ": the file is empty"),
    "no flight": (HEADER, ": there is a header and no flight"),
    "no column": (HEADER.replace("OPERA", "AIRLINE") + ROW, ", line 1: there is no column OPERA"),
    "semicolons": ((HEADER + ROW).replace(",", ";"), "; its columns are separated by semicolons: save it with commas"),
    "tabs": ((HEADER + ROW).replace(",", "\t"), "; its columns are separated by tabs: save it with commas"),
    "a space": (HEADER.replace("OPERA", " OPERA") + ROW, ", but one that is written ' OPERA': rename it"),
    "first line": ('"a"b,c\n' + ROW, ", line 1: not CSV: "),
    "all cancelled": (HEADER + ROW.replace("2017-01-01 23:46:00", ""), ": none of its 1 flights has left"),
    "bad time": (HEADER + ROW + ROW.replace("23:46:00", "99:46:00"), ", line 3: Fecha-O '2017-01-01 99:46:00' is not"),
    "no time": (HEADER + ROW.replace(" 23:30:00", ""), ", line 2: Fecha-I '2017-01-01' is not a time: it is a date"),
    "empty value": (HEADER + ROW + ROW.replace("Calama", " "), ", line 3: SIGLADES is empty"),
    "short row": (HEADER + ROW + "2017-01-01\n", ", line 3: 1 columns, and the header has 5"),
    "encoding": (LATIN1, ", line 3: not UTF-8 (invalid continuation byte) in column OPERA"),
    "quote": (HEADER + ROW + '"2017\n', "not CSV: unexpected end of data"),
    "gzip cut": (gzip.compress((HEADER + ROW * 99).encode())[:-20], ": the gzip file is damaged or cut short"),
    "gzip damaged": (b"\x1f\x8b" + b"x" * 40, ": the gzip file is damaged or cut short"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_says_what_is_wrong_and_where(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    path = write(tmp_path / "f.csv", content)
    with pytest.raises(ExportError) as caught:
        read_flights(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)


def days(count: int, year: int = 2017) -> str:
    return "".join(ROW.replace("2017-01-01", f"{year}-01-{1 + n % 28:02}") for n in range(count))


def test_a_mistyped_year_is_told_with_its_line(tmp_path: Path) -> None:
    text = HEADER + days(30) + ROW.replace("2017", "2071") + days(30)
    with pytest.raises(
        ExportError, match=r"line 32: the flight of Sky Airline to Calama at 2071-01-01 23:30:00 is more"
    ):
        read_flights(write(tmp_path / "f.csv", text))


def test_a_month_that_is_missing_is_no_mistyped_year(tmp_path: Path) -> None:
    assert len(read_flights(write(tmp_path / "f.csv", HEADER + days(30) + days(2, 2018)))) == 32


def test_cancelled_flights_are_skipped_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", HEADER + ROW + ROW.replace("2017-01-01 23:46:00", "") + ON_TIME)
    flights = read_flights(path)
    assert len(flights) == 2
    assert flights.notes == (f"{path}: 1 flights that never left (Fecha-O is empty) are not counted",)
    assert read_column(path, "OPERA") == ["Sky Airline", "Grupo LATAM"]


def test_names_with_spaces_around_them_are_one_airline(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", HEADER + ROW + ROW.replace("Sky Airline,Calama", "Sky Airline ,\u00a0Calama"))
    flights = read_flights(path)
    assert flights.ids[0] == flights.ids[1]
    assert flights.notes == (f"{path}: 1 flights have names with spaces around them, which are read without",)


def test_the_command_line_prints_the_sentence(tmp_path: Path, fail_export: Callable[..., str]) -> None:
    path = write(tmp_path / "f.csv", "")
    sentence = fail_export("train", "--data", path, "--out", tmp_path / "out")
    assert sentence == f"atraso: {path}: the file is empty"
    assert not (tmp_path / "out").exists()


def test_reads_the_real_flights(real_data: Path) -> None:
    flights = read_flights(real_data)
    assert len(flights) == 68_206
    assert flights.delayed.mean() == pytest.approx(0.1849, abs=5e-5)
    assert flights.sha256 == "66d7334fbc9c2c070842e9a99d465f552f94a2b1d5c4047be825e5954e12e829"
    assert len({opera for opera, _, _ in flights.ids}) == 23
    assert len({siglades for _, siglades, _ in flights.ids}) == 62

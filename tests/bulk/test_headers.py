"""Which column is which, as the page decides it."""

import json
import re
from pathlib import Path

import pytest

from export.data.headers import ALSO, FIELDS, find, fold
from export.errors import ExportError

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_has_the_same_names() -> None:
    source = (ROOT / "service/web/flights/columns.js").read_text()
    told = re.search(r"const ALSO = \{(.*?)\n\};", source, re.S)
    assert told
    for field in FIELDS:
        names = re.search(rf"{field}: \[(.*?)\]", told[1], re.S)
        assert names
        assert json.loads(f"[{names[1].strip().rstrip(',')}]") == list(ALSO[field])
        assert all(fold(name) == name for name in ALSO[field])


@pytest.mark.parametrize(
    ("names", "places"),
    [
        ("OPERA,SIGLADES,FECHA_PROGRAMADA", (0, 1, 2)),
        ("Fecha-I,Fecha-O,SIGLAORI,SIGLADES,Des-I,OPERA", (5, 3, 0)),
        ("Salida,AEROLÍNEA, Ciudad  destino ", (1, 2, 0)),
        ("airline,dest,std,OPERA", (3, 1, 2)),
        ("fecha,Fecha-I,opera,siglades", (2, 3, 1)),
    ],
)
def test_columns_are_found(names: str, places: tuple[int, int, int]) -> None:
    assert find("in.csv", names.split(",")) == places


@pytest.mark.parametrize(
    ("names", "asked", "sentence"),
    [
        ("a,b", {}, "there is no column that is OPERA; there are a, b"),
        ("airline,carrier,dest,std", {}, "several columns may be OPERA: airline, carrier"),
        ("airline,dest,std", {"OPERA": "none"}, "there is no column 'none'"),
        ("airline,dest,std", {"OPERA": "dest"}, "one column cannot be two"),
    ],
)
def test_what_cannot_be_told_is_asked_for(names: str, asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(ExportError, match=re.escape(sentence)):
        find("in.csv", names.split(","), asked)


def test_a_column_can_be_named() -> None:
    assert find("in.csv", ["x", "dest", "std", "airline"], {"OPERA": "X"}) == (0, 1, 2)

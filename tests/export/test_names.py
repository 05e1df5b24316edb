import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export.bundle import read
from export.errors import ExportError
from export.learn.tables import Table
from export.names import spellings
from service.model import bundle as bundles

ROOT = Path(__file__).resolve().parents[2]


def tables(*names: str) -> list[Table]:
    return [Table("airline", ("OPERA",), 0.2, dict.fromkeys(names, 0.1))]


def airlines(*names: str, **codes: dict[str, int]) -> dict[str, str]:
    return spellings(tables(*names), {"OPERA": {code: Counter(flights) for code, flights in codes.items()}})["OPERA"]


def test_case_accents_and_spaces_are_folded() -> None:
    assert airlines("Ñandú  Air")["nandu air"] == "Ñandú  Air"


def test_names_that_fold_alike_have_no_spelling() -> None:
    assert airlines("Sky", "SKY", "Lacsa") == {"lacsa": "Lacsa"}
    assert "sky" not in airlines("Sky", "SKY", SKY={"Sky": 100})


def test_what_folds_to_nothing_is_left_out() -> None:
    assert airlines("", "\u0301", " ") == {}


def test_a_code_has_the_name_of_nearly_all_its_flights() -> None:
    names = ("Houston", "Washington")
    assert airlines(*names, KIAH={"Houston": 334, "Washington": 1})["kiah"] == "Houston"
    assert "kiah" not in airlines(*names, KIAH={"Houston": 98, "Washington": 2})


def test_a_code_that_is_another_ones_name_is_left_out() -> None:
    assert airlines("Austral", "Lan", LAN={"Austral": 9})["lan"] == "Lan"
    assert "copa" not in airlines("Copa Air", "Lacsa", COPA={"Lacsa": 9})


def test_a_code_of_a_name_that_no_table_has_is_left_out() -> None:
    assert "xxx" not in airlines("Sky", XXX={"Gone": 9})


def test_airlines_are_called_by_a_word_that_no_other_one_has() -> None:
    found = airlines("Grupo LATAM", "Latin American Wings", "American Airlines", "Air France", "Air Canada", "A BCD")
    names = {spelling: name for spelling, name in found.items() if " " not in spelling}
    assert names == {"a": "A BCD", "latam": "Grupo LATAM", "latin": "Latin American Wings"}
    assert [*airlines("SKY AIRLINE")] == ["sky", "sky airline"]


def test_a_name_is_called_by_its_start_before_a_comma_or_bracket() -> None:
    names = ("San Juan, Arg.", "Castro (Chiloe)", "Pisco, Peru", "Pisco, Chile")
    found = spellings([Table("to", ("SIGLADES",), 0.2, dict.fromkeys(names, 0.1))])["SIGLADES"]
    assert [found.get(text) for text in ("san juan", "castro", "pisco", "san")] == [*names[:2], None, None]


def test_old_spellings_stay_where_nothing_speaks_against_them() -> None:
    old = {"OPERA": {"sku": "Sky", "gone": "Gone", "lan": "Sky", "lac": "Lacsa"}}
    codes = {"OPERA": {"LAN": Counter({"Lacsa": 9}), "LAC": Counter({"Lacsa": 9})}}
    assert spellings(tables("Sky", "Lacsa"), codes, old)["OPERA"] == {
        "lac": "Lacsa", "lacsa": "Lacsa", "sku": "Sky", "sky": "Sky",
    }  # fmt: skip


def test_the_file_is_sorted_one_entry_a_line_and_the_manifests(small_bundle: Any) -> None:
    content = (small_bundle.folder / "tables" / "names.json").read_bytes()
    manifest = json.loads((small_bundle.folder / "tables" / "manifest.json").read_bytes())
    assert manifest["names"] == {"sha256": hashlib.sha256(content).hexdigest()}
    names = json.loads(content)
    assert names["OPERA"]["nandu"] == "Ñandú Air"
    assert names["SIGLADES"] == {"calama": "Calama", "iquique": "Iquique", "lima": "Lima"}
    for spelled in names.values():
        assert [*spelled] == sorted(spelled)
    assert len(content.splitlines()) == sum(map(len, names.values())) + 6
    assert bundles.read(small_bundle.folder).names == read(small_bundle.folder).names == names


def test_convert_has_the_tables_names(small_bundle: Any, tmp_path: Path, run_export: Callable[..., str]) -> None:
    mine = shutil.copytree(small_bundle.folder / "tables", tmp_path / "mine")
    (mine / "names.json").unlink()
    flags = ["--booster", small_bundle.booster_file, "--tables", mine, "--out", tmp_path / "out"]
    run_export("convert", *flags)
    assert read(tmp_path / "out").names == read(small_bundle.folder).names  # which has no codes: all are `XXX`


def test_spellings_that_are_not_the_manifests_are_told(small_bundle: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = folder / "tables" / "names.json"
    path.write_text(path.read_text().replace("nandu", "nando"))
    with pytest.raises(ExportError, match=r"names\.json: its sha256 is"):
        read(folder)


def test_the_shipped_ones_hold_the_codes_of_the_real_flights() -> None:
    names = read(ROOT).names
    assert names is not None
    assert (names["OPERA"]["lan"], names["OPERA"]["klm"], names["OPERA"]["latam"]) == (
        "Grupo LATAM",
        "K.L.M.",
        "Grupo LATAM",
    )
    assert (names["SIGLADES"]["sccf"], names["SIGLADES"]["kiah"]) == ("Calama", "Houston")

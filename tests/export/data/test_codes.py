import gzip
from collections import Counter
from pathlib import Path

from export.data.codes import read_codes


def test_counts_the_names_of_each_code_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "\ufeffOPERA,Emp-I,Des-I,SIGLADES\nSky , SKU,SCCF,Calama\nSky,SKU,,Calama\n", "utf-8"
    )
    packed = gzip.compress(b"OPERA,SIGLADES,Emp-I,Des-I\nSky,Antofagasta,SKU,SCCF\n")
    (tmp_path / "b.csv.gz").write_bytes(packed)
    assert read_codes(tmp_path / "a.csv", tmp_path / "b.csv.gz") == {
        "OPERA": {"SKU": Counter({"Sky": 3})},
        "SIGLADES": {"SCCF": Counter({"Calama": 1, "Antofagasta": 1})},
    }


def test_a_file_without_codes_has_none(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("Fecha-I,OPERA,SIGLADES\n2017-01-01 10:00:00,Sky,Calama\n")
    assert read_codes(tmp_path / "log.csv") == {"OPERA": {}, "SIGLADES": {}}

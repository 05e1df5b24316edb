import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.model.bundle import BundleError, read
from service.model.evidence.counts import Counted

ROOT = Path(__file__).resolve().parents[4]


def test_the_shipped_bundle_has_counts_of_each_table() -> None:
    evidence = read(ROOT).evidence
    assert evidence
    assert evidence.tables.keys() == {table.name for table in read(ROOT).tables}
    assert evidence.tables["historical_delay_ratio_OPERA_SIGLADES_hora"].of(["JetSmart SPA", "Lima", 14]) == (6, 4)


def test_a_week_begins_on_monday_at_midnight() -> None:
    evidence = read(ROOT).evidence
    assert evidence
    week = evidence.weeks()["JetSmart SPA"]["Lima"]
    assert len(week) == 168
    assert {place: flights for place, flights in enumerate(week) if flights} == {14: 1, 62: 2, 110: 2, 158: 1}


def test_a_key_without_flights_has_none_and_one_that_was_not_counted_is_unknown() -> None:
    counted = Counted(None, {"A|3": [2, 1]})
    assert counted.of(["A", 3]) == (2, 1)
    assert counted.of(["A", 4]) == (0, 0)
    assert counted.of(["A|3", 4]) is None
    assert Counted(None, {"A|3": [2, 1]}).of(["A|3"]) == (2, 1)


def made(folder: Path, change: Callable[[Any], Any]) -> Path:
    shutil.copytree(ROOT / "tables", folder / "tables")
    shutil.copy(ROOT / "model.onnx", folder)
    path, manifest_path = folder / "tables" / "evidence.json", folder / "tables" / "manifest.json"
    told = json.loads(path.read_bytes())
    path.write_text(json.dumps(change(told) or told))
    manifest = json.loads(manifest_path.read_bytes())
    manifest["evidence"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest_path.write_text(json.dumps(manifest))
    return folder


OPERA = "historical_delay_ratio_OPERA"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda told: [1], "should hold `tables` and `routes`"),
        (lambda told: told.pop("routes"), "should hold `tables` and `routes`"),
        (lambda told: told["tables"].update({OPERA: 1}), "should have `months` and `counts`"),
        (lambda told: told["tables"][OPERA].update(months="1"), "should have `months` and `counts`"),
        (lambda told: told["tables"][OPERA].update(counts=[]), "should have an object"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[1, 2]), "'x' of"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[True, True]), "'x' of"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[1]), "'x' of"),
        (lambda told: told["routes"].update(x=[]), "'x' should have an object"),
        (lambda told: told["routes"].update(x={"y": []}), "'x' should have an object"),
    ],
)
def test_what_is_no_evidence_is_refused(tmp_path: Path, change: Callable[[Any], Any], reason: str) -> None:
    with pytest.raises(BundleError, match=r"evidence\.json: ") as caught:
        read(made(tmp_path, change))
    assert reason in str(caught.value)


def test_the_second_format_has_evidence_and_the_first_is_read_without(tmp_path: Path) -> None:
    folder = made(tmp_path, lambda told: None)
    path = folder / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    (folder / "tables" / "evidence.json").unlink()
    with pytest.raises(BundleError, match=r"evidence\.json: No such file"):
        read(folder)
    del manifest["evidence"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="'evidence' is missing"):
        read(folder)
    path.write_text(json.dumps({**manifest, "format": 1}))
    assert read(folder).evidence is None
    assert read(folder).tables == read(ROOT).tables

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export.bundle import read, swap, write
from export.errors import ExportError

ROOT = Path(__file__).resolve().parents[2]


def content(folder: Path) -> dict[str, bytes]:
    paths = [folder / "model.onnx", folder / "pipeline.onnx", *sorted((folder / "tables").iterdir())]
    return {path.name: path.read_bytes() for path in paths}


def test_goes_out_and_back(small_bundle: Any, tmp_path: Path) -> None:
    bundle = read(small_bundle.folder)
    write(bundle, tmp_path / "new" / "folder")
    assert content(tmp_path / "new" / "folder") == content(small_bundle.folder)
    assert read(tmp_path / "new" / "folder") == bundle


def test_the_files_are_sorted_one_entry_a_line(small_bundle: Any) -> None:
    text = (small_bundle.folder / "tables" / "historical_delay_ratio_OPERA.json").read_text()
    lines = text.splitlines()
    assert [line.strip()[0] for line in lines[1:-1]] == ['"'] * 4
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert "Ñandú" in text


def test_replaces_the_bundle_that_is_there_and_nothing_else(small_bundle: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    (tmp_path / "model.onnx").write_bytes(b"old")
    (tmp_path / "README.md").write_text("mine")
    write(read(small_bundle.folder), tmp_path)
    assert content(tmp_path) == content(small_bundle.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "model.onnx", "pipeline.onnx", "tables"]


def test_an_exchange_that_fails_half_way_is_undone(small_bundle: Any, tmp_path: Path) -> None:
    """The new bundle lacks its model: the tables are exchanged, then put back."""
    old, staging = tmp_path / "old", tmp_path / "staging"
    shutil.copytree(small_bundle.folder, old)
    (staging / "tables").mkdir(parents=True)
    before = content(old)
    with pytest.raises(FileNotFoundError):
        swap(staging, old)
    assert content(old) == before


def test_a_folder_that_cannot_be_written_is_told(small_bundle: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="file"):
        write(read(small_bundle.folder), tmp_path / "file" / "out")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_training_leaves_the_old_bundle_whole(
    small_bundle: Any, small_csv: Path, tmp_path: Path, how: signal.Signals, run_export: Callable[..., str]
) -> None:
    out = tmp_path / "out"
    shutil.copytree(small_bundle.folder, out)
    before = content(out)
    command = [sys.executable, "-m", "export", "train", "--data", str(small_csv), "--out", str(out), "--version", "2"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.readline()  # it says that it began
    process.send_signal(how)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert b"Traceback" not in errors
    assert content(out) == before
    run_export("verify", "--bundle", out)


def damaged(small_bundle: Any, folder: Path, change: Callable[[str], str]) -> Path:
    shutil.copytree(small_bundle.folder, folder)
    path = folder / "tables" / "historical_delay_ratio_OPERA.json"
    path.write_text(change(path.read_text()))
    return folder


def test_a_table_that_is_not_the_manifests_is_told(small_bundle: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"OPERA\.json: its sha256 is"):
        read(damaged(small_bundle, tmp_path / "out", lambda text: text.replace("Sky Airline", "Sky Airlines")))


def test_a_key_that_is_there_twice_is_told(small_bundle: Any, tmp_path: Path) -> None:
    """In a bundle that was made before tables had a sha256."""
    folder = damaged(small_bundle, tmp_path / "out", lambda text: text.replace("{", '{"Sky Airline": 0.5,'))
    manifest = json.loads((folder / "tables" / "manifest.json").read_bytes())
    for feature in manifest["features"]:
        del feature["sha256"]
    (folder / "tables" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match="'Sky Airline' is there twice"):
        read(folder)

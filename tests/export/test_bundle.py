import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export.bundle import read, write
from export.errors import ExportError
from export.exchange import exchange

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


def test_other_files_in_the_tables_folder_stay(small_bundle: Any, tmp_path: Path) -> None:
    write(read(small_bundle.folder), tmp_path)
    (tmp_path / "tables" / "notes.txt").write_text("mine")
    (tmp_path / "tables" / "source").mkdir()
    (tmp_path / "tables" / "source" / "query.sql").write_text("select")
    write(read(small_bundle.folder), tmp_path)
    assert (tmp_path / "tables" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "tables" / "source" / "query.sql").read_text() == "select"


def test_a_file_that_a_new_table_would_overwrite_is_told(small_bundle: Any, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "hora.json").write_text("mine")
    with pytest.raises(ExportError, match=r"hora.json: it is none of the old bundle's tables"):
        write(read(small_bundle.folder), tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["tables", "hora.json"]


def test_an_entry_that_cannot_be_moved_puts_the_others_back(small_bundle: Any, tmp_path: Path) -> None:
    """A folder of files is where the tables go while the new ones are being moved."""
    old = tmp_path / "old"
    shutil.copytree(small_bundle.folder, old)
    (old / "model.txt").unlink()
    before = content(old)

    def fill(staging: Path) -> None:
        for name in ("model.onnx", "pipeline.onnx"):
            (staging / name).write_bytes(b"new")
        (staging / "tables").mkdir()
        (staging / "old tables").mkdir()
        (staging / "old tables" / "in the way").write_text("x")

    with pytest.raises(OSError, match="old tables"):
        exchange(old, fill)
    assert content(old) == before


def test_two_that_write_at_once_do_not_meet(small_bundle: Any, tmp_path: Path) -> None:
    bundle = read(small_bundle.folder)
    with pytest.raises(ExportError, match="somebody else is writing a bundle there right now"):
        exchange(tmp_path, lambda staging: write(bundle, tmp_path))


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from export.bundle import read, write
from export.errors import ExportError
from service.model.bundle import read as served

old, folder = Path(sys.argv[1]), Path(sys.argv[2])
other = replace(read(old), manifest={**read(old).manifest, "model": {**read(old).manifest["model"], "version": "2"}})
steps = ("os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "shutil.rmtree")


def cut_off(step):
    met = 0
    def hook(event, args):
        nonlocal met
        if event in steps:
            met += 1
            if met == step:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    write(other, folder)
    os._exit(0)


step, seen = 1, []
while True:
    write(read(old), folder)
    child = os.fork() or cut_off(step)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
    versions = read(folder).manifest["model"]["version"], served(folder).version
    assert versions[0] == versions[1], (step, versions)
    seen.append(versions[0])
    step += 1
write(read(old), folder)
print("".join(seen), *sorted(path.name for path in folder.iterdir()))
"""


def test_killed_at_any_step_it_is_the_old_or_the_new_bundle(small_bundle: Any, tmp_path: Path) -> None:
    """For the service, too; and the next that writes leaves nothing of it."""
    command = [sys.executable, "-c", KILLED, str(small_bundle.folder), str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    versions, *names = ended.stdout.split()
    assert re.fullmatch("1{5,}2{10,}", versions), versions
    assert names == ["model.onnx", "pipeline.onnx", "tables"]


def test_a_folder_that_cannot_be_written_is_told(small_bundle: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="file"):
        write(read(small_bundle.folder), tmp_path / "file" / "out")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
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


def test_an_output_that_cannot_be_written_is_told_before_the_training(
    small_csv: Path, fail_export: Callable[..., str]
) -> None:
    for flags in (["--out", "/proc/atraso"], ["--out", "/tmp", "--booster", "/proc/atraso/model.txt"]):
        command = [sys.executable, "-m", "export", "train", "--data", str(small_csv), *flags]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == 1
        assert re.fullmatch(r"atraso: /proc/atraso: cannot be written to: .*\n", ended.stderr)

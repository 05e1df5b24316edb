"""The Beam pipeline gives the rows that `python -m bulk` gives. Beam is in an environment of its own: `make beam`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 180


@pytest.fixture
def on_beam(need: Callable[[object, str], None]) -> Callable[..., subprocess.CompletedProcess[str]]:
    python = Path(os.environ.get("ATRASO_BEAM_PYTHON", ROOT / ".venv" / "beam" / "bin" / "python"))
    need(python.is_file(), "Apache Beam is not here: `make beam` installs it")

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-m", "bulk.beam", *map(str, args), "--runner", "DirectRunner"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=DEADLINE)

    return run


def test_it_gives_the_same_rows(
    on_beam: Callable[..., subprocess.CompletedProcess[str]], real_data: Path, tmp_path: Path
) -> None:
    """Of all real flights, and of a file with a bad row."""
    (tmp_path / "small.csv").write_text("OPERA,SIGLADES,Fecha-I\nSky Airline,Calama,2017-11-27 13:00\nbroken\n")
    (tmp_path / "real.csv.gz").symlink_to(real_data)
    ended = on_beam("--input", tmp_path / "*.csv*", "--output", tmp_path / "beam")
    assert ended.returncode == 0, ended.stderr
    assert "68,207 flights, 0 unknown, 1 wrong" in ended.stderr
    for name in ("real.csv.gz", "small.csv"):
        stem, out = name.partition(".")[0], tmp_path / f"{name.partition('.')[0]}-local.csv"
        command = [sys.executable, "-m", "bulk", str(tmp_path / name), "-o", str(out)]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=DEADLINE)
        shards = sorted(each for each in tmp_path.glob(f"beam-{stem}-*.csv") if ".bad" not in each.name)
        header, _, first = shards[0].read_bytes().partition(b"\n")
        rows = [first, *(each.read_bytes().partition(b"\n")[2] for each in shards[1:])]
        assert b"".join([header, b"\n", *rows]) == out.read_bytes()
    assert (tmp_path / "beam-small-00000.bad.csv").read_text() == (tmp_path / "small-local.bad.csv").read_text()


def test_what_is_not_there_is_told(on_beam: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    ended = on_beam("--input", tmp_path / "none*.csv", "--output", tmp_path / "out")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith("there is no such file")

"""`make serve` where the Rust module cannot be built: told in a line, and no failure."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make_native(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs the rule in a copy whose `.venv` is made, with the given programs alone beside make's own."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "native", tmp_path / "native", ignore=shutil.ignore_patterns("target"))
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "programs").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "serve").touch()

    def run(**programs: str) -> list[str]:
        for path, does in programs.items():
            place = tmp_path / (".venv/bin" if path == "python" else "programs") / path
            place.write_text(f"#!/bin/sh\n{does}\n")
            place.chmod(0o755)
        tools = [shutil.which(tool) for tool in ("make", "sh", "touch")]
        for tool in filter(None, tools):
            link = tmp_path / "programs" / Path(tool).name
            link.exists() or link.symlink_to(tool)
        command = [tmp_path / "programs" / "make", ".venv/native"]
        ended = subprocess.run(
            command, cwd=tmp_path, env={"PATH": str(tmp_path / "programs")}, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()

    return run


def test_without_cargo(make_native: Callable[..., list[str]], tmp_path: Path) -> None:
    (line,) = make_native()
    assert "no cargo here, so Python answers" in line
    assert "make native" in line
    assert not (tmp_path / ".venv" / "native").exists()  # once there is cargo, it is built


def test_a_build_that_fails(make_native: Callable[..., list[str]], tmp_path: Path) -> None:
    first, second = make_native(cargo="exit 0", python="echo no such crate; exit 1")
    assert "building the hot path in Rust" in first
    assert "that failed (.venv/native.log), so Python answers" in second
    assert "no such crate" in (tmp_path / ".venv" / "native.log").read_text()
    assert not (tmp_path / ".venv" / "native").exists()


def test_a_build_that_ends_well_is_not_done_again(make_native: Callable[..., list[str]]) -> None:
    assert len(make_native(cargo="exit 0", python="exit 0")) == 1
    assert "building" not in "".join(make_native())

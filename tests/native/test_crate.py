"""The crate's own tests, and what its toolchain says of it; they need cargo."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ("fmt", "--check"),
        ("clippy", "--quiet", "--all-targets", "--", "--deny", "warnings"),
        ("test", "--quiet"),
    ],
    ids=lambda command: command[0],
)
def test_cargo(command: tuple[str, ...], need: Callable[[object, str], None]) -> None:
    need(shutil.which("cargo"), "cargo is not installed: https://rustup.rs")
    run = ["cargo", *command[:1], "--manifest-path", str(ROOT / "native" / "Cargo.toml"), *command[1:]]
    ended = subprocess.run(run, cwd=ROOT / "native", capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr

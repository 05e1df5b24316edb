"""The crate's own tests, which need cargo."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_cargo(need: Callable[[object, str], None]) -> None:
    need(shutil.which("cargo"), "cargo is not installed: https://rustup.rs")
    run = ["cargo", "test", "--quiet", "--manifest-path", str(ROOT / "native" / "Cargo.toml")]
    ended = subprocess.run(run, cwd=ROOT / "native", capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr

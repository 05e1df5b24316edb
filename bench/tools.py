"""The programs of others that the bench runs: where they are, which version, and how to get one that is missing."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError

INSTALL = {
    "wrk": "apt-get install wrk",
    "nginx": "apt-get install nginx-light",
    "oha": "cargo install oha",
    "rustc": "https://rustup.rs tells how to install Rust 1.85 or newer",
    "cargo": "https://rustup.rs tells how to install cargo 1.85 or newer",
}


def find(tool: str) -> str:
    """The path of `tool`. Raises BenchError with the command that installs it."""
    path = shutil.which(tool)
    if path is None:
        raise BenchError(f"{tool} is not installed: {INSTALL[tool]}")
    return path


def version(tool: str) -> str:
    """The version that `tool` says it has, `none` where it is not installed."""
    if shutil.which(tool) is None:
        return "none"
    said = subprocess.run(
        [find(tool), "-v" if tool in ("wrk", "nginx") else "-V"], capture_output=True, text=True, check=False
    )
    number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return number.group() if number else "unknown"


def last_line(said: str) -> str:
    """What a program said last: why it failed, if it did."""
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def shown(command: Sequence[str]) -> str:
    """A command as somebody else would type it: without the folders of this machine."""
    words = [Path(word).name if word.startswith("/") else word for word in command]
    return shlex.join(["python" if command[0] == sys.executable else words[0], *words[1:]])

"""The README's commands, in a copy of the project that has no `.venv` yet."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    ours = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]  # the rest may be in the making
    for name in subprocess.run(ours, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def served(clone: Path) -> Iterator[int]:
    """The port of `make serve`, in a group of processes of its own, to be ended as by Ctrl-C."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "VIRTUAL_ENV"))}
    env["CARGO_TARGET_DIR"] = str(ROOT / "native" / "target")  # where most of it is built already
    command = ["make", "serve"]
    with subprocess.Popen(command, cwd=clone, env=env | {"PORT": str(port)}, start_new_session=True) as process:
        try:
            deadline = time.monotonic() + 240
            while not answers(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield port
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_commands_are_those_of_the_makefile() -> None:
    assert [block.strip() for block in blocks("sh")] == ["make serve", blocks("sh")[1].strip(), "make test"]


def test_make_serve_and_the_example_request(served: int, need: Callable[[object, str], None]) -> None:
    need(shutil.which("curl"), "curl is not installed: the README's request uses it")
    request = blocks("sh")[1].replace("localhost:8080", f"127.0.0.1:{served}")
    printed = subprocess.run(request, shell=True, capture_output=True, text=True, check=True).stdout
    assert printed == blocks("json")[0].strip()


@pytest.mark.parametrize(
    ("language", "program"), [("python", ["python3", "-"]), ("js", ["node", "--input-type=module", "-"])]
)
def test_the_snippets_run(served: int, need: Callable[[object, str], None], language: str, program: list[str]) -> None:
    need(shutil.which(program[0]), f"{program[0]} is not installed: a snippet of the README is for it")
    (snippet,) = blocks(language)
    code = snippet.replace("localhost:8080", f"127.0.0.1:{served}")
    printed = subprocess.run(program, input=code, capture_output=True, text=True, check=True).stdout
    assert float(printed) == json.loads(blocks("json")[0])["delay_probability"]


def test_the_figures_are_the_measured_ones() -> None:
    rows = {row["about"]: row for row in json.loads((ROOT / "bench" / "results" / "compare.json").read_bytes())["rows"]}
    shown = re.findall(r"^\| \**(.+?)\** \| \**([\d,]+)\** \| \**([\d,.]+)\** \|$", README, re.M)
    assert len(shown) >= 7
    for about, requests, cpu in shown:
        assert (requests, cpu) == (f"{rows[about]['requests_s']:,.0f}", f"{rows[about]['cpu_us']:,.2f}")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target

"""What the Dockerfile does, done step by step without Docker: the same commands, copies, environment and start."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Image:
    """The folders of an image below `root`, and what its start needs. Its stages share `/venv`, as COPY has it."""

    root: Path
    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    user: str = "root"

    def at(self, path: str) -> Path:
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")

    def mapped(self, text: str) -> str:
        return text.replace("/venv", str(self.root / "venv"))

    def do(self, name: str, rest: str) -> None:
        match name:
            case "FROM":
                assert re.fullmatch(r"(python|rust):\d+\.\d+\.\d+-slim-\w+( AS \w+)?", rest)
            case "WORKDIR":
                self.workdir = rest
                self.at(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(shlex.split(rest))
            case "RUN":
                path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
                subprocess.run(
                    self.mapped(rest), shell=True, cwd=self.at("."), check=True, env=os.environ | {"PATH": path}
                )
            case "ENV":
                self.env |= dict(pair.split("=", 1) for pair in self.mapped(rest).split())
            case "USER":
                self.user = rest
            case "HEALTHCHECK":
                self.health = json.loads(rest[rest.index("[") :])
            case "CMD":
                self.command = json.loads(rest)
            case _:
                assert name == "EXPOSE"

    def copy(self, words: list[str]) -> None:
        if words[0] == "--from=build":
            assert words[1:] == ["/venv", "/venv"]
            return
        if words[0] == "--from=native":
            shutil.copy(self.at(words[1]), self.at(words[2]))
            return
        *sources, destination = words
        found = [path for source in sources for path in ROOT.glob(source)]
        assert found, words
        for path in found:
            if path.is_dir():
                shutil.copytree(path, self.at(destination), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder = self.at(destination)
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, folder)


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    parted = (line.partition(" ") for line in lines if line and line[0] != "#")
    return [(name, rest) for name, _, rest in parted]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory, need: Callable[[object, str], None]) -> Image:
    need(shutil.which("cargo"), "cargo is not installed: the image's first stage builds the Rust module")
    built = Image(tmp_path_factory.mktemp("image"))
    (ROOT / "native" / "target").mkdir(exist_ok=True)
    built.at("/crate").mkdir()
    built.at("/crate/target").symlink_to(ROOT / "native" / "target")  # what was compiled before need not be again
    for name, rest in instructions():
        built.do(name, rest)
    return built


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def test_it_serves_on_the_given_port(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = image.env["PATH"].replace("$PATH", os.environ["PATH"])
    env = {**image.env, "PATH": path, "PORT": str(port), "ATRASO_WORKERS": "1"}
    with subprocess.Popen(image.command, cwd=image.at("."), env=env, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + 30
            while subprocess.run(image.health, cwd=image.at("."), env=env, check=False).returncode:
                assert process.poll() is None
                assert time.monotonic() < deadline
            reply = httpx.post(f"http://127.0.0.1:{port}/predict_delay_probability", json=EXAMPLE)
            assert reply.status_code == 200
            assert reply.json()["clase"] == ["Baja probabilidad de atraso"]
            assert 'atraso_lane_info{lane="rust"} 1' in httpx.get(f"http://127.0.0.1:{port}/metrics").text
            for page in ("/", "/report/", "/report/img/model-tried.png"):
                assert httpx.get(f"http://127.0.0.1:{port}{page}").status_code == 200
        finally:
            process.terminate()
    with capsys.disabled():
        print(f"\nimage without its base: {megabytes(image.root / 'venv'):.0f} MB installed, ", end="")
        print(f"{megabytes(image.at('.')):.1f} MB of service, model and tables")


def test_it_does_not_run_as_root(image: Image) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.user)


def test_it_holds_the_service_and_nothing_of_the_offline_side(image: Image) -> None:
    assert {path.name for path in image.at(".").iterdir()} == {
        "atraso_native.abi3.so",
        "service",
        "tables",
        "model.onnx",
        "flights.json",
        "docs",
    }
    installed = {path.name.split("-")[0].lower() for path in (image.root / "venv").rglob("*.dist-info")}
    assert installed >= {"onnxruntime", "uvicorn", "starlette", "orjson", "numpy", "uvloop", "httptools"}
    assert not installed & {"lightgbm", "onnx", "onnxmltools", "scikit_learn", "pandas", "pytest", "pip"}


def test_the_context_lets_through_what_is_copied() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    assert {line.split("/")[0][1:] for line in allowed if line.startswith("!")} == {
        "pyproject.toml",
        "constraints.txt",
        "model.onnx",
        "flights.json",
        "docs",
        "tables",
        "native",
        "service",
    }

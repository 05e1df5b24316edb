"""What the Dockerfile does, done step by step without Docker, and the image run as a container would run it.

Build stages run on this machine, with its Python in place of the base image's, below a folder of their own. The last
stage begins with nothing: it is a root file system, where the service runs alone, cannot write and is nobody.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.image import PYTHON, ROOT, Stage, container, first_process, inside, instructions

BASES = r"(python|rust):\d+\.\d+\.\d+-slim-\w+ AS \w+|scratch"


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, need: Callable[[object, str], None]) -> dict[str, Stage]:
    """Every stage by its name; the last one has none."""
    need(shutil.which("cargo"), "cargo is not installed: the image's first stage builds the Rust module")
    need(os.geteuid() == 0 and shutil.which("unshare"), "only root on Linux may make a root file system and go there")
    built: dict[str, Stage] = {}
    for name, rest in instructions():
        if name == "FROM":
            assert re.fullmatch(BASES, rest)
            stage = built[rest.partition(" AS ")[2]] = Stage(tmp_path_factory.mktemp("image"))
            if rest.startswith("rust") and (compiled := ROOT / "native" / "target" / "release").exists():
                shutil.copytree(compiled, stage.at("/crate/target/release"))  # what was compiled need not be again
        else:
            stage.do(name, rest, built)
    return built


@pytest.fixture(scope="module")
def image(stages: dict[str, Stage]) -> Stage:
    stages[""].root.chmod(0o755)
    return stages[""]


def printed(image: Stage, code: str) -> list[str]:
    with container(image, "python", "-c", code) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.splitlines()


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def test_it_serves_on_the_given_port_as_nobody(image: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    began = time.monotonic()
    with container(image, *image.command, PORT=port, ATRASO_WORKERS="1") as process:
        url = f"http://127.0.0.1:{port}"
        while not is_ready(url):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < began + 30
        took = time.monotonic() - began
        pid = first_process(process)
        env = image.env | {"PATH": str(PYTHON), "PORT": port}
        health = inside(pid, image, str(PYTHON / "python"), *image.health[1:])
        asked = subprocess.run(health, env=env, check=False, capture_output=True, text=True)
        assert asked.returncode == 0, asked.stderr
        assert subprocess.run(health, env=env | {"PORT": "1"}, check=False, capture_output=True).returncode == 1
        status = dict(
            line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
        assert (status["Groups"].strip(), status["NoNewPrivs"], status["NSpid"].split()[-1]) == ("", "1", "1")
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}

        flight = json.loads((ROOT / "examples" / "golden.json").read_bytes())[0]
        reply = httpx.post(f"{url}/predict_delay_probability", json=flight)
        assert reply.status_code == 200
        assert reply.json()["delay_probability"] == pytest.approx(flight["delay_probability"], abs=0.0051)
        assert 'atraso_lane_info{lane="rust"} 1' in httpx.get(f"{url}/metrics").text
        for page in ("/", "/report/", "/report/img/model-tried.png"):
            assert httpx.get(url + page).status_code == 200
        subprocess.run(["kill", "-TERM", str(pid)], check=True)
        assert process.wait(30) == 0
    with capsys.disabled():
        print(f"\nimage: {megabytes(image.root):.0f} MB, ready after {took:.1f} s; {parts(image)}")


def is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "/v2/health/ready", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def parts(image: Stage) -> str:
    packages = next(image.root.rglob("site-packages"))
    found = {"Debian's libraries and data": megabytes(image.root / "usr"), "app": megabytes(image.root / "app")}
    for name in ("onnxruntime", "numpy", "numpy.libs", "uvloop", ""):
        found[name or "all packages"] = megabytes(packages / name)
    return ", ".join(f"{name} {size:.0f}" for name, size in found.items())


def test_nothing_can_be_written_there(image: Stage) -> None:
    code = """
import os
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/dev")):
        continue
    for path in (folder, *(os.path.join(folder, file) for file in files)):
        if os.access(path, os.W_OK):
            print(path)
"""
    assert printed(image, code) == []


def test_what_it_loads_is_compiled(image: Stage) -> None:
    """What is compiled at a start could not be kept, and would be compiled at the next one again."""
    code = """
import os, sys, service.__main__, service.app
for module in list(sys.modules.values()):
    source = getattr(module, "__file__", None) or ""
    frozen = getattr(getattr(module, "__spec__", 0), "origin", "") == "frozen"
    if source.endswith(".py") and not frozen and not os.path.exists(getattr(module, "__cached__", "")):
        print(module.__name__)
"""
    assert printed(image, code) == []


def test_it_holds_the_service_and_nothing_of_the_offline_side(image: Stage) -> None:
    assert {path.name for path in image.at(".").iterdir()} == {
        "atraso_native.abi3.so",
        "service",
        "tables",
        "model.onnx",
        "flights.json",
        "docs",
        "sbom.json",
    }
    installed = {path.name.split("-")[0].lower() for path in image.root.rglob("*.dist-info")}
    assert installed >= {"onnxruntime", "uvicorn", "starlette", "orjson", "numpy", "uvloop", "httptools"}
    assert not installed & {"lightgbm", "onnx", "onnxmltools", "scikit_learn", "pandas", "pytest", "pip", "setuptools"}
    components = json.loads(image.at("sbom.json").read_bytes())["components"]
    assert {each["name"].lower().replace("-", "_") for each in components} == installed


def test_it_holds_no_shell_no_compiler_and_no_way_to_more_rights(image: Stage) -> None:
    files = [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]
    programs = {path.name for path in files if path.stat().st_mode & 0o111 and ".so" not in path.name}
    names = {path.name for path in files}
    assert not names & {"sh", "bash", "dash", "busybox", "apt", "dpkg", "gcc", "cc", "ld", "cargo", "pip", "perl"}
    assert {f"python{sys.version_info.major}.{sys.version_info.minor}"} <= programs
    assert not [path for path in files if path.stat().st_mode & 0o6000]


def test_scanners_find_what_is_debians(image: Stage) -> None:
    records = {path.name: path.read_text() for path in (image.root / "var/lib/dpkg/status.d").iterdir()}
    assert {"libc6", "libssl3", "libstdc++6", "tzdata"} <= set(records)
    assert all(f"Package: {name}\n" in text and "\nVersion: " in text for name, text in records.items())


def test_the_same_versions_give_the_same_layer(stages: dict[str, Stage], tmp_path: Path) -> None:
    stage = replace(stages["build"], workdir="/build")
    (command,) = [rest for name, rest in instructions() if name == "RUN" and "root.py" in rest]
    stage.run(command.replace("/image", str(tmp_path / "again")))
    assert tree(tmp_path / "again") == tree(stage.at("/image"))


def tree(root: Path) -> dict[str, tuple[str, int, int]]:
    return {
        str(path.relative_to(root)): (
            os.readlink(path) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest(),
            path.lstat().st_mode,
            int(path.lstat().st_mtime),
        )
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_a_library_that_is_missing_is_named(stages: dict[str, Stage], tmp_path: Path) -> None:
    sys.path.insert(0, str(ROOT / "deploy" / "image"))
    try:
        import root  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    loop = next(stages["build"].at("/venv").rglob("uvloop/loop*.so"))
    broken = tmp_path / "broken.so"
    broken.write_bytes(loop.read_bytes().replace(b"libpthread.so.0", b"libnowhere.so.0"))
    with pytest.raises(root.MissingLibraryError, match=r"this system has no libnowhere\.so\.0"):
        root.copy_libraries(tmp_path, [broken])


def test_it_says_what_it_is(image: Stage) -> None:
    said = {name.removeprefix("org.opencontainers.image."): value for name, value in image.labels.items()}
    assert said.keys() >= {"title", "description", "version", "revision", "licenses"}
    assert said["version"] == re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]  # type: ignore[index]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.user)


def test_the_context_lets_through_what_is_copied() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    assert {line.split("/")[0][1:] for line in allowed if line.startswith("!")} == {
        "pyproject.toml",
        "constraints.txt",
        "deploy",
        "model.onnx",
        "flights.json",
        "docs",
        "tables",
        "native",
        "service",
    }

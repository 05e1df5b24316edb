"""What the Dockerfile does, done step by step without Docker, and the image run as a container would run it.

Build stages run on this machine, with its Python in place of the base image's, below a folder of their own. The last
stage begins with nothing: it is a root file system, where the service runs alone, cannot write and is nobody.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from tests.processes import children

ROOT = Path(__file__).resolve().parent.parent
PYTHON = Path(sys.base_prefix) / "bin"
BASES = r"(python|rust):\d+\.\d+\.\d+-slim-\w+ AS \w+|scratch"
CONTAINER = """
mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" &&
mount -o remount,bind,ro "$1" && root=$1 wd=$2 uid=${3%:*} gid=${3#*:} && shift 3 &&
exec unshare --root="$root" --wd="$wd" --setgid="$gid" --setuid="$uid" "$@"
"""


@dataclass
class Stage:
    """The folders of a stage below `root`, and what its start needs."""

    root: Path
    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    user: str = "0:0"

    def at(self, path: str) -> Path:
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")

    def do(self, name: str, rest: str, stages: dict[str, "Stage"]) -> None:
        match name:
            case "WORKDIR":
                self.workdir = rest
                self.at(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(shlex.split(rest), stages)
            case "RUN":
                self.run(rest)
            case "ENV":
                self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "LABEL":
                self.labels |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "USER":
                self.user = rest
            case "HEALTHCHECK":
                self.health = json.loads(rest[rest.index("[") :])
            case "CMD":
                self.command = json.loads(rest)
            case _:
                assert name in ("EXPOSE", "ARG")

    def run(self, command: str) -> None:
        ours = re.sub(r"(?<![\w./-])/(?=(venv|teller|image|app|sbom\.json)\b)", f"{self.root}/", command)
        path = f"{PYTHON}:{os.environ['PATH']}"
        subprocess.run(ours, shell=True, cwd=self.at("."), check=True, env=os.environ | {"PATH": path})

    def copy(self, words: list[str], stages: dict[str, "Stage"]) -> None:
        *sources, destination = [word for word in words if not word.startswith("--")]
        stage = words[0].removeprefix("--from=") if words[0].startswith("--") else ""
        found = (
            [stages[stage].at(each) for each in sources] if stage else sorted(p for s in sources for p in ROOT.glob(s))
        )
        assert found, words
        to = self.at(destination)
        for path in found:
            if path.is_dir():
                ignored = None if stage else shutil.ignore_patterns("__pycache__")
                shutil.copytree(path, to, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                (to if destination.endswith("/") else to.parent).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    parted = (line.partition(" ") for line in lines if line and line[0] != "#")
    return [(name, rest) for name, _, rest in parted]


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
            if rest.startswith("rust"):
                (ROOT / "native" / "target").mkdir(exist_ok=True)
                stage.at("/crate").mkdir()
                stage.at("/crate/target").symlink_to(ROOT / "native" / "target")  # what was compiled need not be again
        else:
            stage.do(name, rest, built)
    return built


@pytest.fixture(scope="module")
def image(stages: dict[str, Stage]) -> Stage:
    stages[""].root.chmod(0o755)
    return stages[""]


@contextmanager
def container(image: Stage, *command: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """The command in the image as a container runs it: nothing of this machine but its network, nothing to write to."""
    alone = ["setpriv", "--no-new-privs", "--clear-groups", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
    started = [*alone, "sh", "-c", CONTAINER, "sh", str(image.root), image.workdir, image.user, *command]
    path = f"{image.env['PATH'].replace('/usr/local/bin', str(PYTHON))}:/usr/sbin:/usr/bin:/sbin:/bin"
    variables = image.env | {"PATH": path} | env
    with subprocess.Popen(started, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_process(container: subprocess.Popen[str]) -> int:
    """The machine's number of what is process 1 in there."""
    deadline = time.monotonic() + 30
    while not (found := children(container.pid)):
        assert time.monotonic() < deadline
    return found[0]


def inside(pid: int, image: Stage, *command: str) -> list[str]:
    """The command as `docker exec` would run it beside process 1."""
    uid, gid = image.user.split(":")
    return [
        str(shutil.which("nsenter")),
        f"--target={pid}",
        "--mount",
        "--pid",
        "--root",
        "--wd",
        f"-S{uid}",
        f"-G{gid}",
        "--",
        *command,
    ]


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

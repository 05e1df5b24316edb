"""A Dockerfile's stages, built step by step without Docker, and the last one run as a container would run it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import children

ROOT = Path(__file__).resolve().parent.parent
PYTHON = Path(sys.base_prefix) / "bin"
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

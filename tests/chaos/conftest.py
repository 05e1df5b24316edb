"""Servers that may be hurt, and what they answer while nobody does."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.rig import started
from tests.chaos.rig.client import DEADLINE, calm
from tests.chaos.rig.questions import QUESTIONS
from tests.chaos.rig.started import ROOT, Started


@pytest.fixture(scope="session", autouse=True)
def many_descriptors() -> None:
    """The crowds of clients need a descriptor each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts servers that end with the test; see `started.start`."""
    running: list[Started] = []

    def begin(*flags: object, **how: Any) -> Started:
        server = started.start(tmp_path / f"log{len(running)}", *flags, **how)
        running.append(server)
        return server

    yield begin
    for server in running:
        server.end()


@pytest.fixture(scope="session")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """The right replies to QUESTIONS, by the version of the shipped model."""
    return _calm(ROOT, tmp_path_factory)


@pytest.fixture(scope="session")
def both(
    right: dict[str, list[bytes]], small_bundle: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[bytes]]:
    """The right replies of the shipped model and of a small one, each by its version."""
    small = _calm(small_bundle.folder, tmp_path_factory)
    assert right.keys().isdisjoint(small), "replies have no x-model-version that tells bundles apart"
    return right | small


def _calm(bundle: Path, folders: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    server = started.start(folders.mktemp("calm") / "log", "--workers", 1, "--bundle", bundle)
    try:
        version, replies = calm(server.port, QUESTIONS)
    finally:
        server.end()
    return {version: replies}


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """A folder with the shipped bundle, to be changed while it is served."""
    folder = tmp_path / "live"
    shutil.copytree(ROOT / "tables", folder / "tables")
    shutil.copy(ROOT / "model.onnx", folder)
    return folder


@pytest.fixture
def fail_start() -> Callable[..., str]:
    """What `python -m service flags` says when it ends by itself, which it has to."""

    def fail(*flags: object) -> str:
        command = [sys.executable, "-m", "service", *map(str, flags)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert ended.returncode != 0
        return ended.stderr

    return fail

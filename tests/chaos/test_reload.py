"""Models that change under load: no request fails, and no reply is of two of them."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.rig.client import DEADLINE, Load, calm, failures, longest_gap, wait_until, wrong
from tests.chaos.rig.questions import QUESTIONS
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import ROOT, Started

Right = dict[str, list[bytes]]


def place(bundle: Path, live: Path) -> None:
    """Put a bundle in place of the one that is served, as export does: entry after entry, tables first."""
    staging = live / ".staging"
    shutil.copytree(bundle / "tables", staging / "tables")
    shutil.copy(bundle / "model.onnx", staging)
    for name in ("tables", "model.onnx"):
        (live / name).rename(staging / f"old {name}")
        (staging / name).rename(live / name)
    shutil.rmtree(staging)


def other_threshold(live: Path) -> None:
    manifest = json.loads((live / "tables" / "manifest.json").read_bytes())
    manifest["model"]["threshold"] = 5
    (live / "tables" / "manifest.json").write_text(json.dumps(manifest))


def cut_model(live: Path) -> None:
    (live / "model.onnx").write_bytes((live / "model.onnx").read_bytes()[:-100])


def no_table(live: Path) -> None:
    next(path for path in (live / "tables").glob("*.json") if path.name != "manifest.json").unlink()


def no_manifest(live: Path) -> None:
    (live / "tables" / "manifest.json").write_text("{")


BREAK = (cut_model, no_table, no_manifest, other_threshold)


def reloads(server: Started, result: str) -> float:
    return server.metrics()[f'atraso_reloads_total{{result="{result}"}}']


def reload(server: Started, result: str) -> None:
    """Ask for it, and wait until it was counted."""
    before = reloads(server, result)
    os.kill(server.pid, signal.SIGHUP)
    wait_until(lambda: reloads(server, result) > before, why=server.text)


def serves(server: Started, version: str) -> None:
    """Wait until every new connection finds that model."""
    hot = QUESTIONS[:1]
    wait_until(lambda: all(calm(server.port, hot)[0] == version for _ in range(8)), DEADLINE, server.text)


def judge(done: str, times: int, load: Load, both: Right, more: str) -> None:
    asked = load.asked
    lost = failures(asked)
    record(done, times, len(asked), lost.total(), gap=longest_gap(asked), more=more)
    assert not lost
    assert not wrong(asked, both)
    assert {each.version for each in asked} == set(both)


@pytest.mark.parametrize("workers", [1, 2])
def test_models_alternate_under_load(
    start: Callable[..., Started], both: Right, small_bundle: Any, live: Path, workers: int
) -> None:
    """A broken one among five is refused, and the old one goes on."""
    server = start("--workers", workers, "--bundle", live)
    shipped, small = both
    rounds = sized(1, 10)
    with Load(server.port, QUESTIONS, clients=8) as load:
        for number in range(rounds):
            for bundle, version in ((small_bundle.folder, small), (ROOT, shipped)) * sized(1, 2):
                load.wait_for_more()
                place(bundle, live)
                reload(server, "done")
                serves(server, version)
            BREAK[number % len(BREAK)](live)
            reload(server, "refused")
            load.wait_for_more()
            serves(server, shipped)
            place(ROOT, live)
    noun = "one worker" if workers == 1 else f"{workers} workers"
    times = rounds * (2 * sized(1, 2) + 1)
    judge(f"two models alternate by SIGHUP under load, {noun}", times, load, both, f"{rounds} broken ones refused")
    assert "Traceback" not in server.text()


def test_a_killed_worker_after_a_refused_reload_serves_the_old_model(
    start: Callable[..., Started], right: Right, live: Path
) -> None:
    server = start("--workers", 2, "--bundle", live)
    (version,) = right
    cut_model(live)
    reload(server, "refused")
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    server.wait_for_workers(2, without=victim)
    for _ in range(8):
        assert calm(server.port, QUESTIONS) == (version, right[version])


def test_another_model_on_disk_changes_nothing_unasked(
    start: Callable[..., Started], right: Right, small_bundle: Any, live: Path
) -> None:
    """Not even in the worker that replaces a killed one."""
    server = start("--workers", 2, "--bundle", live)
    (version,) = right
    place(small_bundle.folder, live)
    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    server.wait_for_workers(2, without=victim)
    for _ in range(8):
        assert calm(server.port, QUESTIONS) == (version, right[version])


def test_a_watched_folder_is_picked_up(
    start: Callable[..., Started], both: Right, small_bundle: Any, live: Path
) -> None:
    server = start("--workers", 2, "--bundle", live, "--watch")
    shipped, small = both
    times = sized(1, 5)
    with Load(server.port, QUESTIONS, clients=8) as load:
        for _ in range(times):
            for bundle, version in ((small_bundle.folder, small), (ROOT, shipped)):
                load.wait_for_more()
                place(bundle, live)
                serves(server, version)
    judge("the folder changes under --watch", 2 * times, load, both, "picked up each time")

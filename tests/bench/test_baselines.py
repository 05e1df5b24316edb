"""Each baseline starts and answers rightly; those that answer a constant would be refused as predictions."""

import sys
import tomllib
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from bench import baselines
from bench.baselines.axum_onnx import BUILD, SOURCE
from bench.check import ask, check
from bench.errors import BenchError, WrongReply
from bench.measure import Bench, started
from bench.rows import row
from bench.server import free_port
from bench.setup import Setup
from bench.traffic import singles


def test_the_names_are_those_of_the_modules() -> None:
    files = {path.stem.replace("_", "-") for path in Path(baselines.__file__).parent.glob("*.py")}
    assert files - {"--init--"} == set(baselines.NAMES)


@pytest.mark.parametrize("name", ["empty-asgi", "blacksheep-onnx", "fastapi-onnx"])
def test_it_starts_and_answers(bench: Bench, name: str) -> None:
    with started(row(name), bench) as target:
        assert target.server.first_200_s > 0


def test_axum_says_the_same_as_our_server(
    bench: Bench,
    server: Any,
    need_tool: Callable[[str], None],
    need_built: Callable[[bool, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need_tool("cargo")
    need_built((BUILD / "debug" / "atraso-axum").exists(), "`ATRASO_REQUIRE_ALL=1 make test`")
    monkeypatch.setenv("ATRASO_CARGO_PROFILE", "dev")
    with started(row("axum-onnx"), bench) as target:
        ours, theirs = (HTTPConnection("127.0.0.1", port, timeout=30) for port in (server.port, target.server.port))
        for number in range(0, len(bench.flights.bodies), 50):
            assert ask(theirs, target.traffic, number) == ask(ours, target.traffic, number)
        ours.close()
        theirs.close()


def test_what_axum_is_built_of_is_pinned() -> None:
    needs = tomllib.loads((SOURCE / "Cargo.toml").read_text())["dependencies"]
    assert "ort" in needs
    assert all((need if isinstance(need, str) else need["version"]).startswith("=") for need in needs.values())


def test_without_cargo_axum_has_a_sentence(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("ATRASO_CARGO_PROFILE", "made-up")
    with pytest.raises(BenchError, match=r"cargo is not installed: https://rustup\.rs"):
        row("axum-onnx").command(Setup(free_port(), bench.folder))


def test_a_build_that_fails_is_a_sentence(
    bench: Bench, need_tool: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_tool("cargo")
    monkeypatch.setenv("ATRASO_CARGO_PROFILE", "made-up")
    with pytest.raises(BenchError, match=r"axum's server could not be built: .*made-up"):
        row("axum-onnx").command(Setup(free_port(), bench.folder))


def test_a_constant_is_no_prediction(bench: Bench, need_tool: Callable[[str], None]) -> None:
    need_tool("nginx")
    with started(row("nginx-constant"), bench) as target, pytest.raises(WrongReply):
        check(target.server.port, singles(bench.flights))


def test_the_reference_answers_with_the_shipped_booster(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.check.REQUESTS", 30)  # each takes it long
    with started(row("reference"), bench) as target:
        assert target.server.first_200_s > 0
    monkeypatch.setattr("bench.booster.SHIPPED", bench.folder / "none.txt")
    with pytest.raises(BenchError, match=r"none\.txt is not there, and no --booster given"):
        row("reference").command(Setup(free_port(), bench.folder))


def test_a_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blacksheep", None)
    monkeypatch.delitem(sys.modules, "bench.baselines.blacksheep_onnx", raising=False)
    with pytest.raises(BenchError, match="blacksheep-onnx needs blacksheep: pip install --group bench"):
        row("blacksheep-onnx")


def test_an_unknown_row_is_a_sentence() -> None:
    with pytest.raises(BenchError, match="there is no row 'bentoml'; there are cached, "):
        row("bentoml")

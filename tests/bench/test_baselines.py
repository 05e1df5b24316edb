"""Each baseline starts and answers rightly; those that answer a constant would be refused as predictions."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import baselines
from bench.check import check
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


def test_a_constant_is_no_prediction(bench: Bench, need_tool: Callable[[str], None]) -> None:
    need_tool("nginx")
    with started(row("nginx-constant"), bench) as target, pytest.raises(WrongReply):
        check(target.server.port, singles(bench.flights))


def test_the_reference_answers_with_the_shipped_booster(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
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

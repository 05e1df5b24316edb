from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench import paced
from bench.errors import BenchError
from bench.measure import Bench, started
from bench.plan import worker
from bench.plan.arrivals import poisson
from bench.plan.check import BURSTING, OVERLOADED, check, crossing, highest_rate
from bench.plan.service import Service
from bench.plan.told import CHECKED, median, verdict
from bench.rows import OURS
from bench.table import table


def test_requests_are_sent_when_they_are_due(bench: Bench, need_tool: Callable[[str], None]) -> None:
    need_tool("rustc")
    due = np.concatenate([poisson(200, 60, 1), np.full(40, 0.5)])
    with started(OURS["cached"], bench) as target:
        sent = paced.send(due, target.server.port, target.traffic, 8, bench.cpus, bench.folder)
        assert (sent.sent >= due - 1e-8).all()  # nanoseconds are cut off
        assert (sent.done > sent.sent).all()
        assert sent.latency == pytest.approx(sent.done - due)
        wrong = replace(target.traffic, path="/nowhere")
        with pytest.raises(BenchError, match=r'^no figure: a request was answered "HTTP/1.1 404 Not Found"$'):
            paced.send(due[:5], target.server.port, wrong, 2, bench.cpus, bench.folder)
    with pytest.raises(BenchError, match=r"^no figure: Connection refused"):
        paced.send(due[:5], target.server.port, target.traffic, 2, bench.cpus, bench.folder)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, need_tool: Callable[[str], None]) -> None:
    """Short looks at the machine, and no second tries: how near the figures are is not for a test."""
    need_tool("rustc")
    monkeypatch.setattr(worker, "PROBE", 500)
    monkeypatch.setattr(worker, "TRIES", 1)


@pytest.mark.usefixtures("short")
def test_what_is_predicted_stands_beside_what_was_measured(bench: Bench) -> None:
    found = check(
        "uncached", bench, 0.2, 1, 60.0
    )  # seconds that no load reaches, so that none tells which rate holds them
    rows = found.rows
    assert found.service.each_s > 0
    assert found.machine["loads"] == 14
    assert found.machine["fastest"] <= 1 <= found.machine["slowest"]
    assert rows[-1]["load"] == OVERLOADED
    assert [row["what"] for row in rows if row["load"] == OVERLOADED] == ["requests/s"]
    assert [row["what"] for row in rows if row["load"] == BURSTING] == ["p50 ms", "p99 ms"]
    assert all(row["predicted"] > 0 and row["measured"] > 0 and len(row["rounds"]) == 1 for row in rows)
    assert all(row["error"] == pytest.approx(row["predicted"] / row["measured"] - 1, abs=0.01) for row in rows)


def test_a_p99_that_no_rate_holds_is_no_end_of_a_check() -> None:
    """Where it is told, what was measured would be lost: the plan itself tells it."""
    service = Service(fixed_s=30e-6, each_s=10e-6)
    assert highest_rate(service, 20e-6) is None
    assert 0 < (highest_rate(service, 0.001) or 0) < service.saturation(128)


@pytest.mark.parametrize(
    ("p99_s", "rate"),
    [(0.002, 200), (0.004, 250), (0.0009, 0), (0.011, np.inf)],
    ids=["at", "between", "below", "above"],
)
def test_where_p99_crosses_what_was_asked(p99_s: float, rate: float) -> None:
    """It rises by factors; outside of what was measured nothing is told, which a rate at the edge would hide."""
    assert crossing([100, 200, 300, 400], [0.001, 0.002, 0.008, 0.003], p99_s) == pytest.approx(rate)


@pytest.mark.parametrize(("error", "said"), [(0.2, "held"), (-0.2, "held"), (0.21, "NOT held"), (-0.21, "NOT held")])
def test_an_error_above_a_fifth_is_not_held(error: float, said: str) -> None:
    row = {"row": "cached", "load": "overload", "what": "requests/s", "measured": 1.0, "rounds": [1.0] * 8}
    row |= {"predicted": 1.0 + error, "error": error}
    assert verdict(row) == said
    assert f"{error:+.0%}" in table(CHECKED, [row | {"verdict": said}])


@pytest.mark.parametrize(("predicted", "said"), [(11, "held"), (13, "not told"), (14, "NOT held"), (3, "NOT held")])
def test_what_the_rounds_leave_open_is_not_told(predicted: float, said: str) -> None:
    """The rank of a median's limits in sixteen: 4 and 13, as tables of the sign test have it."""
    rounds = [1.0, 2.0, 3.0, 4.0, *[10.0] * 8, 13.0, 30.0, 40.0, 50.0]
    row = {"load": "overload", "measured": 10.0, "rounds": rounds[::-1], "predicted": predicted}
    assert verdict(row | {"error": predicted / 10 - 1}) == said
    assert median(row) == (4.0, 13.0)
    assert median({"rounds": [3.0, 1.0, 2.0]}) == (1.0, 3.0)

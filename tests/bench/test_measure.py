from collections.abc import Callable

import pytest

from bench.errors import FailedRequests
from bench.measure import Bench, measure
from bench.rows import OURS, ours
from bench.traffic import singles
from bench.wrk import Load

LOAD = Load(seconds=1, connections=8)


def test_a_row_has_every_figure(bench: Bench, need_tool: Callable[[str], None]) -> None:
    need_tool("wrk")
    figures = measure(OURS["batch-100"], bench, LOAD)
    assert figures["requests"] > 0
    assert figures["failed"] == 0
    assert figures["cpu_us"] == pytest.approx(100 * figures["cpu_us_flight"], rel=0.01)
    assert figures["p50_ms"] <= figures["p90_ms"] <= figures["p99_ms"] <= figures["p99.9_ms"]
    assert 20 < figures["peak_mib"] < 500
    assert 0 < figures["server_busy"] < 1.2
    assert figures["server"].startswith("python -m service --host 127.0.0.1 --port ")
    assert figures["load"].startswith("wrk -t1 -c8 -d1s --timeout=10s -s wrk.lua http://127.0.0.1:")


def test_a_failed_request_leaves_no_figure(bench: Bench, need_tool: Callable[[str], None]) -> None:
    """It lets one flight wait: right while they come one by one, and 503 under load."""
    need_tool("wrk")
    sheds = ours("sheds", "", singles, "--cache-size", "0", "--max-pending", "1")
    with pytest.raises(FailedRequests, match=r"no figure: \d+ status errors beside \d+ requests"):
        measure(sheds, bench, LOAD)

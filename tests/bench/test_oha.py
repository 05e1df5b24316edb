import json
from typing import Any

import pytest

from bench.commands.latency import verdict
from bench.oha import CUT_OFF, parse

# What oha 1.16 says, without its histograms.
SAID: dict[str, Any] = {
    "summary": {"successRate": 1.0, "total": 2.004028655, "requestsPerSec": 4986.954640127139},
    "latencyPercentiles": {
        "p10": 0.000057726,
        "p25": 0.000074466,
        "p50": 0.000105818,
        "p75": 0.000155998,
        "p90": 0.000225987,
        "p95": 0.000313547,
        "p99": 0.001135494,
        "p99.9": 0.004673049,
        "p99.99": 0.005439928,
    },
    "statusCodeDistribution": {"200": 9993},
    "errorDistribution": {CUT_OFF: 1},
}


def test_requests_cut_off_at_the_end_did_not_fail() -> None:
    done = parse(json.dumps(SAID))
    assert (done.requests, done.failed) == (9993, 0)
    assert done.requests_s == pytest.approx(9993 / 2.004028655)
    assert done.latency_ms == pytest.approx({"p50": 0.105818, "p90": 0.225987, "p99": 1.135494, "p99.9": 4.673049})


def test_where_nothing_is_answered_there_is_no_latency() -> None:
    nothing = {"statusCodeDistribution": {}, "latencyPercentiles": dict.fromkeys(SAID["latencyPercentiles"])}
    done = parse(json.dumps(SAID | nothing))
    assert (done.requests, done.latency_ms) == (0, {})


def test_other_statuses_and_errors_did() -> None:
    statuses = {"statusCodeDistribution": {"200": 90, "503": 7}, "errorDistribution": {CUT_OFF: 1, "refused": 3}}
    assert parse(json.dumps(SAID | statuses)).failed == 10


HELD = {"rate": 1000, "requests_s": 995.0, "failed": 0, "p99_ms": 3.0, "server_busy": 0.5, "generator_busy": 0.5}
VERDICTS = {
    "held": ({}, "held"),
    "failed": ({"failed": 2}, "2 requests failed"),
    "slow": ({"p99_ms": 51.0}, "p99 is above 50 ms"),
    "server": ({"requests_s": 900.0, "server_busy": 0.97}, "the server is at its limit"),
    "generator": ({"requests_s": 900.0, "generator_busy": 0.97}, "the load generator is at its limit"),
    "others": ({"requests_s": 900.0}, "neither is at its limit: too few connections, or a busy machine"),
}


@pytest.mark.parametrize(("changes", "said"), VERDICTS.values(), ids=VERDICTS)
def test_why_a_rate_was_not_held(changes: dict[str, Any], said: str) -> None:
    assert verdict(HELD | changes, limit=50) == said

import json

import pytest

from bench.errors import FailedRequests
from bench.wrk import FAILURES, parse

WELL = dict.fromkeys(FAILURES, 0) | {"requests": 200, "microseconds": 2_000_000}
WELL |= {"p50": 500, "p90": 700, "p99": 1200, "p99.9": 4000}


def said(**changes: int) -> str:
    return "Running 2s test @ http://127.0.0.1\n  1 threads and 64 connections\n" + json.dumps(WELL | changes) + "\n"


def test_the_last_line_holds_the_figures() -> None:
    done = parse(said())
    assert (done.requests, done.seconds) == (200, 2.0)
    assert done.latency_ms == {"p50": 0.5, "p90": 0.7, "p99": 1.2, "p99.9": 4.0}


@pytest.mark.parametrize("failure", FAILURES)
def test_any_failure_leaves_no_figure(failure: str) -> None:
    with pytest.raises(FailedRequests, match=f"no figure: 3 {failure} errors beside 200 requests"):
        parse(said(**{failure: 3}))


def test_no_reply_leaves_no_figure() -> None:
    with pytest.raises(FailedRequests, match="none was answered"):
        parse(said(requests=0))

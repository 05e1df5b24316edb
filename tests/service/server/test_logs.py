"""What stands in the logs of real servers, and that no client writes a line of its own."""

import json
import logging
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from service.server.logs import Budget, Json, Text, one_line

HOT = "/predict_delay_probability"
EXPLAIN = "/explain_delay_probability"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "uvicorn.error", "levelname": "ERROR", "msg": message, "args": args})
    made.__dict__.update(extra)
    return made


def failed(message: str) -> logging.LogRecord:
    try:
        raise ValueError("a\nERROR: forged")
    except ValueError:
        return record(message, exc_info=sys.exc_info())


def test_json_has_what_was_given_as_extra() -> None:
    told = json.loads(Json().format(record("a %s", "b\n", event="reload", version="abc", path=Path("x"))))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told.pop("pid")
    assert told == {
        "level": "error",
        "logger": "uvicorn.error",
        "message": "a b",
        "event": "reload",
        "version": "abc",
        "path": "x",
    }


def test_json_takes_a_name_that_is_no_text() -> None:
    assert json.loads(Json().format(record("%s", "\udcff")))["message"] == "\udcff"


def test_an_exception_is_part_of_its_line() -> None:
    line = Json().format(failed("it broke"))
    assert "\n" not in line
    assert "ValueError" in json.loads(line)["exception"]


def test_text_keeps_what_a_client_sent_from_beginning_a_line() -> None:
    text = Text("%(levelprefix)s %(message)s", use_colors=False).format(failed("got 'a\r\nINFO: forged\x1b[0m'\n"))
    first, *others = text.splitlines()
    assert first == r"ERROR:    got 'a\x0d\x0aINFO: forged\x1b[0m'"
    assert others
    assert all(line.startswith("    ") for line in others)
    assert one_line("a\u2028b\x85") == r"a\x2028b\x85"


def test_load_that_is_shed_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget(10)
    seconds: set[int] = set()
    granted = 0
    while len(seconds) < 3:
        seconds.add(int(time.monotonic()))
        granted += budget.take()
    assert 20 <= granted <= 30
    assert "more requests were answered 503 within a second" in caplog.text


def logged(server: Any) -> list[dict[str, Any]]:
    whole, _, _ = server.log.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def verbose(servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, "--log-format", "json", "--log-level", "debug", "--max-pending", 0)


def test_a_failed_request_has_one_line_with_its_id(verbose: Any, wait_until: Callable[..., Any]) -> None:
    """503, since no flight may wait for the model; 422 at debug."""
    headers = {"x-request-id": "mine-1", "traceparent": TRACE}
    assert httpx.post(verbose.url + HOT, json=EXAMPLE, headers=headers).status_code == 503
    assert httpx.post(verbose.url + HOT, content=b"x", headers={"x-request-id": "mine-2"}).status_code == 422
    assert httpx.get(verbose.url + "/v2/health/live", headers={"x-request-id": "mine-3"}).status_code == 200
    wait_until(lambda: {"mine-1", "mine-2"} <= {line.get("request_id") for line in logged(verbose)}, verbose)
    lines = {line["request_id"]: line for line in logged(verbose) if line.get("event") == "request_failed"}
    assert len([line for line in logged(verbose) if line.get("request_id") == "mine-1"]) == 1
    assert "mine-3" not in lines
    line = lines["mine-1"]
    assert (line["status"], line["method"], line["path"], line["traceparent"]) == (503, "POST", HOT, TRACE)
    assert line["level"] == "warning"
    assert line["duration_ms"] > 0
    assert line["client"].startswith("127.0.0.1:")
    assert (lines["mine-2"]["status"], lines["mine-2"]["level"]) == (422, "debug")


def test_a_path_is_cut_and_stays_on_its_line(verbose: Any, wait_until: Callable[..., Any]) -> None:
    with socket.create_connection(("127.0.0.1", verbose.port)) as connection:
        path = "/%0a%0dINFO:forged?key=secret-in-a-query" + "x" * 1000
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        while connection.recv(65536):
            pass
    httpx.get(verbose.url + "/" + "y" * 5000)
    wait_until(lambda: any("yyy" in line["message"] for line in logged(verbose)), verbose)
    paths = [line["path"] for line in logged(verbose) if line.get("status") == 404]
    assert "/%0a%0dINFO:forged" in paths
    assert max(map(len, paths)) == 256
    assert "secret-in-a-query" not in verbose.log.read_text()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("way", ["--fast-lane", "--no-fast-lane"])
def test_the_access_log_has_both_ways(servers: Callable[..., Any], tmp_path: Path, form: str, way: str) -> None:
    """It is written to standard output, and the lane stays on."""
    out = tmp_path / "out"
    with out.open("wb") as file:
        server = servers("--workers", 1, "--access-log", "--log-format", form, way, stdout=file)
    for number in range(3):
        server.post(HOT, EXAMPLE)
        server.post(EXPLAIN, EXAMPLE)  # the first behind ASGI, the others in the lane
        httpx.get(server.url + "/flights", headers={"x-request-id": f"mine-{number}"})
    told = httpx.get(server.url + "/metrics").text
    in_lane = re.search(r"^atraso_fast_lane_total (\d+)$", told, re.M)
    assert in_lane
    assert int(in_lane.group(1)) == (3 if way == "--fast-lane" else 0)
    server.stop()
    lines = out.read_text().splitlines()
    if form == "text":
        hot = [line for line in lines if f'"POST {HOT}" 200 in ' in line]
        assert [re.search(r" in \d+\.\d{3} ms, id [0-9a-f]{8}-[0-9a-f]+$", line) is not None for line in hot] == [
            True
        ] * 3
        assert len([line for line in lines if re.search(rf'"POST {EXPLAIN}" 200 in \S+ ms, id \S+$', line)]) == 3
        assert len([line for line in lines if re.search(r'"GET /flights" 200 in \S+ ms, id mine-\d$', line)]) == 3
    else:
        told_lines = [json.loads(line) for line in lines]
        assert len({line["request_id"] for line in told_lines if line["path"] == HOT}) == 3
        assert len({line["request_id"] for line in told_lines if line["path"] == EXPLAIN}) == 3
        assert all(line["event"] == "request" and line["duration_ms"] > 0 for line in told_lines)


def test_without_it_nothing_is_said_of_requests_that_go_well(server: Any) -> None:
    before = len(server.log.read_text())
    server.post(HOT, EXAMPLE)
    httpx.get(server.url + "/flights")
    assert HOT not in server.log.read_text()[before:]

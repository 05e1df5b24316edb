import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.api.contract import EXAMPLE
from service.api.routing.paths import HOT
from service.server.metrics import BEAT, BOUNDS_US, CONNECTIONS, PARENT, Metrics, Shared
from service.server.prometheus import render
from tests.processes import children

ROOT = Path(__file__).resolve().parents[3]
MANY = "/predict_delay_probabilities"


def read(text: str) -> dict[str, float]:
    """Prometheus' text format as a dict from the sample's name and labels to its value."""
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    samples = {name: float(value) for name, value in lines}
    assert len(samples) == len(lines)
    return samples


def ask(server: Any) -> dict[str, float]:
    reply = httpx.get(server.url + "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(reply.text)


def status_count(samples: dict[str, float], route: str, status: str) -> float:
    return samples.get(f'atraso_requests_total{{route="{route}",status="{status}"}}', 0)


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
def test_both_ways_count_the_same(servers: Callable[..., Any], flags: list[str]) -> None:
    server = servers("--workers", 1, *flags)
    with httpx.Client(base_url=server.url) as client:
        for _ in range(3):
            client.post(HOT, json=EXAMPLE)
        client.post(HOT, json={**EXAMPLE, "OPERA": "Nueva"})
        client.post(MANY, json=[EXAMPLE] * 5 + [{**EXAMPLE, "OPERA": "Nueva", "SIGLADES": "Nueva"}])
        client.post(HOT, content=b"x")
        client.post(HOT, content=b" " * 3_000_000)
        client.get(HOT)
        client.get("/nothing")
        client.get("/model_status")
    samples = ask(server)
    assert status_count(samples, HOT, "200") == 4
    assert [status_count(samples, HOT, status) for status in ("422", "413", "405")] == [1, 1, 1]
    assert status_count(samples, MANY, "200") == 1
    assert status_count(samples, "other", "404") == 1
    assert status_count(samples, "/model_status", "200") == 1
    assert samples["atraso_predictions_total"] == 10 + 1  # the first one was the server's own, before it was ready
    assert samples["atraso_cache_hits_total"] == 2
    assert samples["atraso_model_runs_total"] == 4
    assert samples['atraso_unknown_total{field="OPERA"}'] == 2
    assert samples['atraso_unknown_total{field="SIGLADES"}'] == 1
    assert samples['atraso_model_info{name="flight_delay",version="1",recipe="improved"}'] == 1
    assert samples[f'atraso_request_duration_seconds_count{{route="{HOT}"}}'] == 7
    assert samples["atraso_fast_lane_total"] == (0 if flags else 4)


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/v2", "/v2", "200"),
        ("GET", "/v2/models/flight_delay", "/v2/models/{name}", "200"),
        ("GET", "/v2/models/flight_delay/versions/1", "/v2/models/{name}", "200"),
        ("GET", "/v2/models/flight_delay/ready", "/v2/models/{name}/ready", "200"),
        ("GET", "/v2/models/flight_delay/versions/1/config", "/v2/models/{name}/config", "200"),
        ("GET", "/v2/models/flight_delay/stats", "/v2/models/{name}/stats", "200"),
        ("GET", "/v2/models/stats", "/v2/models/stats", "200"),
        ("POST", "/v2/repository/index", "/v2/repository/index", "200"),
        ("GET", "/v2/models/other", "/v2/models/{name}", "404"),
        ("GET", "/v2/models/flight_delay/infer", "/v2/models/{name}/infer", "405"),
        ("GET", "/docs/", "/docs", "307"),
        ("GET", "/report", "/report/", "307"),
        ("POST", HOT + "/", HOT, "307"),
        ("GET", "/v2/models/flight_delay/", "/v2/models/{name}", "307"),
        ("GET", "/favicon.ico", "/favicon.ico", "200"),
        ("GET", "/web/icon.svg", "/web", "200"),
        ("GET", "/web/nothing", "/web", "404"),
        ("GET", "/v2/nothing", "other", "404"),
        ("GET", "/v2/models/a/versions/1/2/ready", "other", "404"),
    ],
)
def test_what_a_route_is_known_for_is_counted_as_its(
    server: Any, method: str, path: str, route: str, status: str
) -> None:
    before = status_count(ask(server), route, status)
    assert httpx.request(method, server.url + path).status_code == int(status)
    assert status_count(ask(server), route, status) == before + 1


def test_a_refused_request_is_counted_as_its_route(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, "--open-metrics", env={"ATRASO_API_KEYS": "a-key-of-enough-characters"})
    assert server.post("/v2/models/flight_delay/versions/1/infer", {}).status_code == 401
    assert status_count(ask(server), "/v2/models/{name}/infer", "401") == 1


def test_prometheus_own_parser_reads_it(server: Any) -> None:
    """Every sample belongs to a family with a type and a help, and none comes twice."""
    server.post(HOT, EXAMPLE)
    text = httpx.get(server.url + "/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(families) == text.count("# TYPE ")
    assert all(family.documentation and family.type != "unknown" for family in families.values())
    samples = [(each.name, *sorted(each.labels.items())) for family in families.values() for each in family.samples]
    assert len(samples) == len(set(samples)) == sum(not line.startswith("#") for line in text.splitlines())
    assert families["atraso_requests"].type == "counter"
    assert families["atraso_request_duration_seconds"].type == "histogram"


def test_a_histogram_is_cumulative_and_complete() -> None:
    metrics = Metrics()
    now = time.perf_counter_ns()
    for microseconds in (5, 10, 60, 2_000_000):
        metrics.request(HOT, 200, now - microseconds * 1000 - 500_000_000 if microseconds > 1e6 else now - microseconds)
    samples = read(render(metrics).decode())
    buckets = [
        samples[f'atraso_request_duration_seconds_bucket{{route="{HOT}",le="{us / 1e6:g}"}}'] for us in BOUNDS_US
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    assert samples[f'atraso_request_duration_seconds_bucket{{route="{HOT}",le="+Inf"}}'] == 4
    assert samples[f'atraso_request_duration_seconds_sum{{route="{HOT}"}}'] == pytest.approx(2.5, abs=0.1)


def test_labels_are_escaped() -> None:
    text = render(Metrics(about={"name": 'a"b\\c\nd'})).decode()
    assert r'atraso_model_info{name="a\"b\\c\nd"} 1' in text


def in_a_child(work: Callable[[], object]) -> None:
    """Do `work` in a forked process, which then dies without a word."""
    pid = os.fork()
    if pid == 0:
        work()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_successor_goes_on_where_a_dead_worker_was() -> None:
    shared = Shared()
    for _ in range(3):
        row = shared.free_row(taken=[])
        in_a_child(lambda row=row: Metrics(shared, row=row).in_lane(1, time.perf_counter_ns()))
    assert status_count(read(render(Metrics(shared)).decode()), HOT, "200") == 3


def test_only_workers_that_are_heard_of_take_connections() -> None:
    shared = Shared()
    assert [shared.free_row(taken=[]), shared.free_row(taken=[0, 2])] == [0, 1]
    workers = [Metrics(shared, row=row) for row in range(4)]
    for worker, connections in zip(workers, (9, 7, 3, 1), strict=True):
        worker.open()
        worker.counts[CONNECTIONS] = connections
    workers[2].counts[BEAT] -= 2_000_000_000  # it hangs
    workers[3].close()
    workers[3].counts[CONNECTIONS] = 1
    assert workers[0].least_connections() == 7
    assert workers[0].live_workers() == 2
    assert workers[2].silent_s() > 1.9


def test_the_parents_word_makes_all_unready() -> None:
    shared = Shared()
    parent, worker = Metrics(shared, row=PARENT), Metrics(shared, row=3)
    worker.open()
    assert not worker.is_leaving()
    parent.leave()
    assert worker.is_leaving()


def test_workers_are_summed_whichever_is_asked_and_a_death_loses_nothing(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 2)
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            with httpx.Client(base_url=server.url) as client:  # a connection of its own each: they go to both workers
                assert client.post(HOT, json=EXAMPLE).status_code == 200
        sent += count

    send(20)
    assert {status_count(ask(server), HOT, "200") for _ in range(10)} == {20}
    samples = ask(server)
    assert samples['atraso_worker_requests_total{worker="0"}'] > 0
    assert samples['atraso_worker_requests_total{worker="1"}'] > 0
    first = children(server.process.pid)
    os.kill(first[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(now := children(server.process.pid)) < 2 or first[0] in now:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status_count(ask(server), HOT, "200") == sent
    send(20)
    assert status_count(ask(server), HOT, "200") == sent
    workers = {name for name in ask(server) if name.startswith("atraso_worker_requests_total")}
    assert len(workers) == 2


def test_the_format_is_prometheus(server: Any) -> None:
    text = httpx.get(server.url + "/metrics").text
    sample = re.compile(r'atraso_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+(\.\d+)?(e-?\d+)?')
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) atraso_[a-z_]+ .+", line) or sample.fullmatch(line), line
    assert text.endswith("\n")


def test_events_are_told_with_their_labels() -> None:
    metrics = Metrics()
    metrics.event("accept_paused")
    assert b"# TYPE atraso_accept_pauses_total counter\natraso_accept_pauses_total 1\n" in render(metrics)

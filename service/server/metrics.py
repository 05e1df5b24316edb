"""Counters that all workers share: a file of 64-bit integers, a row a worker, summed by whichever worker is asked.

A worker counts into its row; when it dies, its successor goes on from there. It renders Prometheus' text
format; it opens no port.
"""

import fcntl
import mmap
import os
from bisect import bisect_left
from collections.abc import Collection, Iterator
from pathlib import Path
from time import perf_counter_ns

from starlette.requests import Request
from starlette.responses import Response

from service.api.paths import HOT, INFER, REPORT

ROUTES = (
    HOT,
    "/predict_delay_probabilities",
    "/explain_delay_probability",
    "/flights",
    "/catalogue",
    "/model_status",
    "/metrics",
    INFER,
    "/v2/health/live",
    "/v2/health/ready",
    "/",
    "/docs",
    "/openapi.json",
    "/web",
    REPORT,
    "other",
)
STATUSES = (200, 400, 404, 405, 413, 422, 500, 503, 0)  # 0 stands for any other
BOUNDS_US = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
MAX_WORKERS = 256

_BOUNDS = tuple(bound * 1000 for bound in BOUNDS_US)
_BUCKETS = len(_BOUNDS) + 1

EVENTS = {
    "accept_failed": ("accept_failures_total", "", "Times that no connection could be accepted."),
    "bad_request": ("refused_total", 'status="400"', "Requests refused before any route saw them."),
    "request_timeout": ("refused_total", 'status="408"', "Requests refused before any route saw them."),
    "url_too_long": ("refused_total", 'status="414"', "Requests refused before any route saw them."),
    "head_too_large": ("refused_total", 'status="431"', "Requests refused before any route saw them."),
    "silent": ("cut_total", 'reason="silent"', "Connections that were closed since their time was up."),
    "keep_alive": ("cut_total", 'reason="keep_alive"', "Connections that were closed since their time was up."),
    "write_timeout": ("cut_total", 'reason="write_timeout"', "Connections that were closed since their time was up."),
}
"""What happens now and then and is only counted: a name -> its metric, the metric's labels, its help."""

# A row: for each route its statuses, its duration buckets and the sum of durations; the buckets and the sum of the fast
# lane, whose requests are all for HOT and answered 200; then the single counters, and the events.
_ROUTE = len(STATUSES) + _BUCKETS + 1
_LANE = _ROUTE * len(ROUTES)
_LANE_SUM = _LANE + _BUCKETS
STATE, CONNECTIONS, SCORED, CACHE_HITS, MODEL_RUNS, UNKNOWN_OPERA, UNKNOWN_SIGLADES = range(
    _LANE_SUM + 1, _LANE_SUM + 8
)
UNUSED, LIVE, LEFT = range(3)
_EVENTS = UNKNOWN_SIGLADES + 1
_ROW = _EVENTS + len(EVENTS)
_FILE = MAX_WORKERS * _ROW * 8

_ROUTE_AT = {route: number * _ROUTE for number, route in enumerate(ROUTES)}
_EVENT_AT = {event: _EVENTS + number for number, event in enumerate(EVENTS)}
_STATUS_AT = {status: number for number, status in enumerate(STATUSES)}


def create(path: Path) -> None:
    """Make the file that the workers share, all zeros."""
    with path.open("wb") as file:
        file.truncate(_FILE)


class Metrics:
    """One worker's row, and a view of all. Where there is no file, it counts for itself alone."""

    def __init__(self, path: Path | None, about: dict[str, str]) -> None:
        self._about = about
        file = os.open(path, os.O_RDWR) if path else -1  # never closed: the lock on a row lives as long as its process
        self._all = memoryview(mmap.mmap(file, _FILE)).cast("Q")
        self.row = _claim(file) if path else 0
        self.counts = self._all[self.row * _ROW : (self.row + 1) * _ROW]
        self.counts[STATE], self.counts[CONNECTIONS] = LIVE, 0

    def in_lane(self, requests: int, started: int) -> None:
        """Count what the fast lane answered in a turn of the loop that began to read at `started`."""
        nanoseconds = perf_counter_ns() - started
        self.counts[_LANE + bisect_left(_BOUNDS, nanoseconds)] += requests
        self.counts[_LANE_SUM] += nanoseconds * requests

    def request(self, route: str, status: int, started: int) -> None:
        """Count any request."""
        at = _ROUTE_AT.get(route, _ROUTE_AT["other"])
        nanoseconds = perf_counter_ns() - started
        self.counts[at + _STATUS_AT.get(status, _STATUS_AT[0])] += 1
        self.counts[at + len(STATUSES) + bisect_left(_BOUNDS, nanoseconds)] += 1
        self.counts[at + len(STATUSES) + _BUCKETS] += nanoseconds

    def cache_hit(self) -> None:
        self.counts[CACHE_HITS] += 1

    def model_run(self, rows: int) -> None:
        self.counts[MODEL_RUNS] += 1
        self.counts[SCORED] += rows

    def unknown(self, names: Collection[str]) -> None:
        """Count a flight whose OPERA, SIGLADES or both no table knows."""
        self.counts[UNKNOWN_OPERA] += "OPERA" in names
        self.counts[UNKNOWN_SIGLADES] += "SIGLADES" in names

    def event(self, name: str) -> None:
        """Count one of `EVENTS`."""
        self.counts[_EVENT_AT[name]] += 1

    def least_connections(self) -> int:
        """The fewest connections that a live worker has, this one among them."""
        return min(self._all[at + CONNECTIONS] for at in self._live())

    def live_workers(self) -> int:
        return sum(1 for _ in self._live())

    def _live(self) -> Iterator[int]:
        """Where the rows of live workers begin."""
        for at in range(0, len(self._all), _ROW):
            state = self._all[at + STATE]
            if state == UNUSED:
                return  # rows are claimed in order
            if state == LIVE:
                yield at

    def close(self) -> None:
        """Tell the others that this worker takes no more connections; its counts stay."""
        self.counts[STATE], self.counts[CONNECTIONS] = LEFT, 0

    def render(self) -> bytes:
        """All workers' counters in Prometheus' text format."""
        rows = [_with_lane(self._all[at : at + _ROW].tolist()) for at in range(0, MAX_WORKERS * _ROW, _ROW)]
        total = [sum(column) for column in zip(*rows, strict=True)]
        return (
            "\n".join([*_model(self._about), *_requests(total), *_singles(total), *_events(total), *_workers(rows)])
            + "\n"
        ).encode()


async def show(request: Request) -> Response:
    return Response(request.state.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _claim(file: int) -> int:
    """The first row that no living process has locked; the lock goes with its process."""
    for row in range(MAX_WORKERS):
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row, os.SEEK_SET)
        except OSError:
            continue
        return row
    raise RuntimeError(f"more than {MAX_WORKERS} workers share one metrics file")


def _with_lane(row: list[int]) -> list[int]:
    """The row with the fast lane's requests among those of its route."""
    hot = _ROUTE_AT[HOT]
    row[hot + _STATUS_AT[200]] += sum(row[_LANE:_LANE_SUM])
    for place in range(_BUCKETS + 1):
        row[hot + len(STATUSES) + place] += row[_LANE + place]
    return row


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP atraso_{name} {text}", f"# TYPE atraso_{name} {kind}"]


def _model(about: dict[str, str]) -> list[str]:
    labels = ",".join(f'{name}="{_escape(value)}"' for name, value in about.items())
    return [*_head("model_info", "gauge", "The model that is served."), f"atraso_model_info{{{labels}}} 1"]


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _requests(total: list[int]) -> Iterator[str]:
    yield from _head("requests_total", "counter", "Requests answered, by route and status.")
    for route, at in _ROUTE_AT.items():
        for status, place in _STATUS_AT.items():
            if count := total[at + place]:
                yield f'atraso_requests_total{{route="{route}",status="{status or "other"}"}} {count}'
    yield from _head("request_duration_seconds", "histogram", "From when a request was read to its reply.")
    for route, at in _ROUTE_AT.items():
        yield from _histogram(route, total[at + len(STATUSES) : at + _ROUTE])


def _histogram(route: str, counts: list[int]) -> Iterator[str]:
    *buckets, nanoseconds = counts
    name, below = "atraso_request_duration_seconds", 0
    for bound, count in zip([*(f"{us / 1e6:g}" for us in BOUNDS_US), "+Inf"], buckets, strict=True):
        below += count
        yield f'{name}_bucket{{route="{route}",le="{bound}"}} {below}'
    yield f'{name}_sum{{route="{route}"}} {nanoseconds / 1e9:.9f}'
    yield f'{name}_count{{route="{route}"}} {below}'


def _singles(total: list[int]) -> Iterator[str]:
    for name, text, count in (
        ("predictions_total", "Flights given a probability.", total[SCORED] + total[CACHE_HITS]),
        ("cache_hits_total", "Flights whose reply was in the cache.", total[CACHE_HITS]),
        ("model_runs_total", "Runs of the model, each for one or more flights.", total[MODEL_RUNS]),
        ("fast_lane_total", f"Requests for {HOT} answered ahead of ASGI.", sum(total[_LANE:_LANE_SUM])),
    ):
        yield from _head(name, "counter", text)
        yield f"atraso_{name} {count}"
    yield from _head("unknown_total", "counter", "Flights whose airline or destination no table knows.")
    yield f'atraso_unknown_total{{field="OPERA"}} {total[UNKNOWN_OPERA]}'
    yield f'atraso_unknown_total{{field="SIGLADES"}} {total[UNKNOWN_SIGLADES]}'


def _events(total: list[int]) -> Iterator[str]:
    told = ""
    for event, (name, labels, text) in EVENTS.items():
        if name != told:
            yield from _head(name, "counter", text)
            told = name
        yield f"atraso_{name}{f'{{{labels}}}' if labels else ''} {total[_EVENT_AT[event]]}"


def _workers(rows: list[list[int]]) -> Iterator[str]:
    used = [(number, row) for number, row in enumerate(rows) if row[STATE] != UNUSED]
    yield from _head("worker_requests_total", "counter", "Requests that each worker answered.")
    for number, row in used:
        requests = sum(sum(row[at : at + len(STATUSES)]) for at in _ROUTE_AT.values())
        yield f'atraso_worker_requests_total{{worker="{number}"}} {requests}'
    yield from _head("worker_connections", "gauge", "Connections that each worker had when it last accepted one.")
    for number, row in used:
        yield f'atraso_worker_connections{{worker="{number}"}} {row[CONNECTIONS]}'

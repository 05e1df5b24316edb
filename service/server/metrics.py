"""Counters that all workers share: memory full of 64-bit integers, a row a worker, summed by whoever is asked.

The parent makes the memory before it forks, so it needs no file and no folder. A worker counts into its row; when it is
gone, its successor goes on from there. `service/server/prometheus.py` tells what was counted.
"""

import mmap
from bisect import bisect_left
from collections.abc import Collection, Iterator
from time import monotonic_ns, perf_counter_ns, time_ns

from service.api.routing.paths import HOT, MODEL, REPORT, STATISTICS, WEB
from service.api.v2.figures import Inferences
from service.model.predictor import MAX_ROWS

ROUTES = (
    HOT,
    "/predict_delay_probabilities",
    "/explain_delay_probability",
    "/flights",
    "/catalogue",
    "/model_status",
    "/metrics",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    STATISTICS,
    "/v2/repository/index",
    *(MODEL + each for each in ("", "/ready", "/config", "/stats", "/infer")),
    "/",
    "/docs",
    "/openapi.json",
    "/favicon.ico",
    WEB,
    REPORT,
    "other",
)
STATUSES = (
    200,
    204,
    206,
    304,
    307,
    400,
    401,
    404,
    405,
    408,
    413,
    415,
    416,
    422,
    499,
    500,
    501,
    503,
    0,
)  # 0 stands for any other
BOUNDS_US = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000)
MAX_WORKERS = 256
PARENT = MAX_WORKERS
"""The parent's row, behind those of the workers."""

SILENT_S = 1.0
"""A worker that has not been heard of for so many seconds takes no connections, it seems."""

_BOUNDS = tuple(bound * 1000 for bound in BOUNDS_US)
BUCKETS = len(_BOUNDS) + 1

CUT = "Connections that the server closed before their clients did."
REFUSED = "Requests refused before any route saw them."

EVENTS = {
    "accept_paused": ("accept_pauses_total", "", "Times that no connection could be accepted for a moment."),
    "idle_cut": ("connections_cut_total", 'why="idle"', CUT),
    "reload_done": ("reloads_total", 'result="done"', "Changes of the bundle."),
    "reload_refused": ("reloads_total", 'result="refused"', "Changes of the bundle."),
    "worker_died": ("worker_deaths_total", "", "Workers that ended unasked."),
    "worker_stuck": ("workers_killed_total", "", "Workers that did not answer any more and were killed."),
    "unauthorized": ("unauthorized_total", "", "Requests without a valid API key."),
    "prediction_dropped_queue": (
        "predictions_dropped_total",
        'why="queue"',
        "Predictions not kept in the log.",
    ),
    "prediction_dropped_disk": ("predictions_dropped_total", 'why="disk"', "Predictions not kept in the log."),
    "client_left": ("clients_left_total", "", "Requests, plain ones aside, that were dropped since their client left."),
    "out_of_memory": ("out_of_memory_total", "", "Requests answered 503 since there was no memory for them."),
    "bad_request": ("refused_total", 'status="400"', REFUSED),
    "request_timeout": ("refused_total", 'status="408"', REFUSED),
    "url_too_long": ("refused_total", 'status="414"', REFUSED),
    "head_too_large": ("refused_total", 'status="431"', REFUSED),
    "silent": ("connections_cut_total", 'why="silent"', CUT),
    "keep_alive": ("connections_cut_total", 'why="keep_alive"', CUT),
    "write_timeout": ("connections_cut_total", 'why="write_timeout"', CUT),
}
"""What happens now and then and is only counted: a name -> its metric, the metric's labels, its help."""

# A row: for each route its statuses, its duration buckets and the sum of durations; the buckets and the sum of the fast
# lane, whose requests are all for HOT and answered 200; then the single counters, the figures of V2's two models, and
# the events.
ROUTE = len(STATUSES) + BUCKETS + 1
LANE = ROUTE * len(ROUTES)
LANE_SUM = LANE + BUCKETS
STATE, BEAT, CONNECTIONS, PENDING, SCORED, CACHE_HITS, MODEL_RUNS = range(LANE_SUM + 1, LANE_SUM + 8)
UNKNOWN_OPERA, UNKNOWN_SIGLADES, UNKNOWN_FECHA = range(MODEL_RUNS + 1, MODEL_RUNS + 4)
READ_AS_OPERA, READ_AS_SIGLADES = range(UNKNOWN_FECHA + 1, UNKNOWN_FECHA + 3)
UNUSED, LIVE, LEFT = range(3)
INFERRED = READ_AS_SIGLADES + 1
FIGURES = len(Inferences._fields)
_EVENTS = INFERRED + 2 * FIGURES
ROW = _EVENTS + len(EVENTS)
_SIZE = (MAX_WORKERS + 1) * ROW

ROUTE_AT = {route: number * ROUTE for number, route in enumerate(ROUTES)}
EVENT_AT = {event: _EVENTS + number for number, event in enumerate(EVENTS)}
STATUS_AT = {status: number for number, status in enumerate(STATUSES)}


class Shared:
    """The memory: the same in every process that is forked after it was made."""

    def __init__(self) -> None:
        self.counts = memoryview(mmap.mmap(-1, _SIZE * 8)).cast("Q")

    def free_row(self, taken: Collection[int]) -> int:
        """The first row that is not taken."""
        for row in range(MAX_WORKERS):
            if row not in taken:
                return row
        raise RuntimeError(f"more than {MAX_WORKERS} workers")


class Metrics:
    """One worker's row, and a view of all. Where nothing is shared, it counts for itself alone."""

    def __init__(self, shared: Shared | None = None, about: dict[str, str] | None = None, row: int = 0) -> None:
        self.about = about or {}
        self.row = row
        self.lane = "none"
        """Who answers ahead of ASGI: rust, python or none."""
        self.all = (shared or Shared()).counts
        self.counts = self.all[row * ROW : (row + 1) * ROW]

    def open(self) -> None:
        """This worker takes connections from now on."""
        self.beat()
        self.counts[CONNECTIONS] = 0
        self.counts[STATE] = LIVE

    def beat(self) -> None:
        """Tell that the loop turns."""
        self.counts[BEAT] = monotonic_ns()

    def gauge(self, connections: int, pending: int) -> None:
        """How many connections there are now, and flights that wait for the model."""
        self.counts[CONNECTIONS], self.counts[PENDING] = connections, pending

    def silent_s(self) -> float:
        """Seconds since the worker last said that its loop turns."""
        return (monotonic_ns() - self.counts[BEAT]) / 1e9

    def leave(self) -> None:
        """Said by the parent: the server is about to end."""
        self.all[PARENT * ROW + STATE] = LEFT

    def is_leaving(self) -> bool:
        return self.counts[STATE] == LEFT or self.all[PARENT * ROW + STATE] == LEFT

    def in_lane(self, requests: int, started: int) -> None:
        """Count what the fast lane answered in a turn of the loop that began to read at `started`."""
        nanoseconds = perf_counter_ns() - started
        self.counts[LANE + bisect_left(_BOUNDS, nanoseconds)] += requests
        self.counts[LANE_SUM] += nanoseconds * requests

    def request(self, route: str, status: int, started: int) -> None:
        """Count any request."""
        at = ROUTE_AT.get(route, ROUTE_AT["other"])
        nanoseconds = perf_counter_ns() - started
        self.counts[at + STATUS_AT.get(status, STATUS_AT[0])] += 1
        self.counts[at + len(STATUSES) + bisect_left(_BOUNDS, nanoseconds)] += 1
        self.counts[at + len(STATUSES) + BUCKETS] += nanoseconds

    def cache_hit(self, times: int = 1) -> None:
        self.counts[CACHE_HITS] += times

    def model_run(self, rows: int) -> None:
        self.counts[MODEL_RUNS] += 1
        self.counts[SCORED] += rows

    def unknown(self, names: Collection[str], flights: int = 1) -> None:
        """Count flights whose OPERA or SIGLADES no table knows, or whose FECHA is beyond the calendar."""
        self.counts[UNKNOWN_OPERA] += flights * ("OPERA" in names)
        self.counts[UNKNOWN_SIGLADES] += flights * ("SIGLADES" in names)
        self.counts[UNKNOWN_FECHA] += flights * ("FECHA" in names)

    def inference(self, model: int, flights: int | None, started: int) -> None:
        """Count an inference of one of V2's models; None for one that failed."""
        figures = self.counts[INFERRED + model * FIGURES :][:FIGURES]
        took = perf_counter_ns() - started
        more = (0, 0, 0, 0, 1, took) if flights is None else (flights, -(-flights // MAX_ROWS), 1, took, 0, 0)
        for place, count in enumerate(more):
            figures[place] += count
        figures[-1] = time_ns() // 1_000_000

    def inferences(self, model: int) -> Inferences:
        """Of all workers."""
        at = range(INFERRED + model * FIGURES, len(self.all), ROW)
        *sums, last = zip(*(self.all[start : start + FIGURES] for start in at), strict=True)
        return Inferences._make([*map(sum, sums), max(last)])

    def read_as(self, names: Collection[str], flights: int = 1) -> None:
        """Count flights whose OPERA, SIGLADES or both were read as another spelling's name."""
        self.counts[READ_AS_OPERA] += flights * ("OPERA" in names)
        self.counts[READ_AS_SIGLADES] += flights * ("SIGLADES" in names)

    def event(self, name: str, times: int = 1) -> None:
        """Count one of `EVENTS`."""
        self.counts[EVENT_AT[name]] += times

    def least_connections(self) -> int:
        """The fewest connections that a live worker has, this one among them."""
        return min((self.all[at + CONNECTIONS] for at in self._live()), default=self.counts[CONNECTIONS])

    def live_workers(self) -> int:
        return sum(1 for _ in self._live())

    def _live(self) -> Iterator[int]:
        """Where the rows of workers begin that take connections: open, and heard of lately."""
        since = monotonic_ns() - int(SILENT_S * 1e9)
        for at in range(0, MAX_WORKERS * ROW, ROW):
            state = self.all[at + STATE]
            if state == UNUSED:
                return  # rows are taken in order
            if state == LIVE and self.all[at + BEAT] >= since:
                yield at

    def close(self) -> None:
        """Tell the others that this worker takes no more connections; its counts stay."""
        self.counts[STATE], self.counts[CONNECTIONS], self.counts[PENDING] = LEFT, 0, 0

"""What was counted, in Prometheus' text format. It opens no port: `GET /metrics` is a route like any other."""

from collections.abc import Iterator
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response

from service.api.routing.paths import HOT
from service.server.metrics import (
    BOUNDS_US,
    BUCKETS,
    CACHE_HITS,
    CONNECTIONS,
    EVENT_AT,
    EVENTS,
    LANE,
    LANE_SUM,
    LIVE,
    MAX_WORKERS,
    MODEL_RUNS,
    PENDING,
    READ_AS_OPERA,
    READ_AS_SIGLADES,
    ROUTE,
    ROUTE_AT,
    ROW,
    SCORED,
    STATE,
    STATUS_AT,
    STATUSES,
    UNKNOWN_FECHA,
    UNKNOWN_OPERA,
    UNKNOWN_SIGLADES,
    UNUSED,
    Metrics,
)


def render(metrics: Metrics) -> bytes:
    """All workers' counters, and the parent's."""
    rows = [_with_lane(metrics.all[at : at + ROW].tolist()) for at in range(0, (MAX_WORKERS + 1) * ROW, ROW)]
    total = [sum(column) for column in zip(*rows, strict=True)]
    parts = (
        _model(metrics.about),
        _lane(metrics.lane),
        _requests(total),
        _singles(total),
        _events(total),
        _workers(rows[:MAX_WORKERS]),
    )
    return ("\n".join(chain.from_iterable(parts)) + "\n").encode()


async def show(request: Request) -> Response:
    return Response(render(request.state.metrics), media_type="text/plain; version=0.0.4; charset=utf-8")


def _with_lane(row: list[int]) -> list[int]:
    """The row with the fast lane's requests among those of its route."""
    hot = ROUTE_AT[HOT]
    row[hot + STATUS_AT[200]] += sum(row[LANE:LANE_SUM])
    for place in range(BUCKETS + 1):
        row[hot + len(STATUSES) + place] += row[LANE + place]
    return row


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP atraso_{name} {text}", f"# TYPE atraso_{name} {kind}"]


def _model(about: dict[str, str]) -> list[str]:
    labels = ",".join(f'{name}="{_escape(value)}"' for name, value in about.items())
    return [*_head("model_info", "gauge", "The model that is served."), f"atraso_model_info{{{labels}}} 1"]


def _lane(lane: str) -> list[str]:
    text = f"What answers requests for {HOT} ahead of ASGI."
    return [*_head("lane_info", "gauge", text), f'atraso_lane_info{{lane="{lane}"}} 1']


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _requests(total: list[int]) -> Iterator[str]:
    yield from _head("requests_total", "counter", "Requests answered, by route and status.")
    for route, at in ROUTE_AT.items():
        for status, place in STATUS_AT.items():
            if count := total[at + place]:
                yield f'atraso_requests_total{{route="{route}",status="{status or "other"}"}} {count}'
    yield from _head("request_duration_seconds", "histogram", "From when a request was read to its reply.")
    for route, at in ROUTE_AT.items():
        yield from _histogram(route, total[at + len(STATUSES) : at + ROUTE])


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
        ("fast_lane_total", f"Requests for {HOT} answered ahead of ASGI.", sum(total[LANE:LANE_SUM])),
    ):
        yield from _head(name, "counter", text)
        yield f"atraso_{name} {count}"
    yield from _head("unknown_total", "counter", "Flights whose airline or destination no table knows, or the day.")
    yield f'atraso_unknown_total{{field="OPERA"}} {total[UNKNOWN_OPERA]}'
    yield f'atraso_unknown_total{{field="SIGLADES"}} {total[UNKNOWN_SIGLADES]}'
    yield f'atraso_unknown_total{{field="FECHA"}} {total[UNKNOWN_FECHA]}'
    yield from _head("read_as_total", "counter", "Flights whose airline or destination was read as the tables' name.")
    yield f'atraso_read_as_total{{field="OPERA"}} {total[READ_AS_OPERA]}'
    yield f'atraso_read_as_total{{field="SIGLADES"}} {total[READ_AS_SIGLADES]}'


def _events(total: list[int]) -> Iterator[str]:
    told = ""
    for event, (name, labels, text) in sorted(EVENTS.items(), key=lambda each: each[1]):
        if name != told:
            yield from _head(name, "counter", text)
            told = name
        yield f"atraso_{name}{f'{{{labels}}}' if labels else ''} {total[EVENT_AT[event]]}"


def _workers(rows: list[list[int]]) -> Iterator[str]:
    used = [(number, row) for number, row in enumerate(rows) if row[STATE] != UNUSED]
    yield from _head("worker_requests_total", "counter", "Requests that each worker answered.")
    for number, row in used:
        requests = sum(sum(row[at : at + len(STATUSES)]) for at in ROUTE_AT.values())
        yield f'atraso_worker_requests_total{{worker="{number}"}} {requests}'
    for name, place, text in (
        ("worker_connections", CONNECTIONS, "Connections that each worker has."),
        ("worker_pending_flights", PENDING, "Flights that wait for the model in each worker."),
    ):
        yield from _head(name, "gauge", text)
        for number, row in used:
            yield f'atraso_{name}{{worker="{number}"}} {row[place]}'
    yield from _head("workers", "gauge", "Workers that take connections.")
    yield f"atraso_workers {sum(row[STATE] == LIVE for _, row in used)}"

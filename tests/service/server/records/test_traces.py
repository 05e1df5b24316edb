"""Spans of a real server, sent to a collector that reads them as OpenTelemetry defines them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parents[4]
HOT = "/predict_delay_probability"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Its address, and the spans that came."""
    spans: list[Any] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collect) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


@pytest.mark.parametrize("way", ["--fast-lane", "--no-fast-lane"])
def test_requests_become_spans(servers: Callable[..., Any], collector: tuple[str, list[Any]], way: str) -> None:
    address, spans = collector
    server = servers("--workers", 1, "--otlp-endpoint", address, "--otlp-sample", 0, way)
    names = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "x-request-id": "mine"}
    assert httpx.post(server.url + HOT, json=EXAMPLE, headers=names).status_code == 200
    assert httpx.post(server.url + HOT, content=b"x", headers=names).status_code == 422
    assert httpx.post(
        server.url + HOT, json=EXAMPLE, headers={"traceparent": names["traceparent"][:-1] + "0"}
    ).is_success
    assert httpx.post(server.url + HOT, json=EXAMPLE).is_success  # of those without a trace none is chosen
    assert server.stop() == 0
    assert [attributes(span)["http.response.status_code"] for span in spans] == [200, 422]
    for span in spans:
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, "b7ad6b7169203331")
        assert span.name == f"POST {HOT}"
        assert attributes(span)["atraso.request_id"] == "mine"
        assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 30e9


def test_a_share_begins_a_trace(servers: Callable[..., Any], collector: tuple[str, list[Any]]) -> None:
    address, spans = collector
    server = servers("--workers", 1, "--otlp-endpoint", address, "--otlp-sample", 1)
    for _ in range(3):
        server.post(HOT, EXAMPLE)
    server.stop()
    assert len({span.trace_id for span in spans if span.name == f"POST {HOT}"}) == 3


def test_a_collector_that_is_away_costs_no_reply(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, "--otlp-endpoint", "http://127.0.0.1:9", "--otlp-sample", 1)
    assert [server.post(HOT, EXAMPLE).status_code for _ in range(5)] == [200] * 5
    assert server.stop() == 0


def started(tmp_path: Path, *flags: str) -> str:
    """What `python -m service` says where OpenTelemetry's exporter is not installed."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry.exporter'] = None\n")
    command = [sys.executable, "-m", "service", "--port", "0", *flags]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, env=env)
    assert ended.returncode == 1
    return ended.stderr


def test_without_the_packages_it_is_a_sentence(tmp_path: Path) -> None:
    said = started(tmp_path, "--otlp-endpoint", "http://x:4318")
    assert said == "atraso: --otlp-endpoint needs OpenTelemetry's packages: `pip install --group otel`\n"


@pytest.mark.parametrize("endpoint", ["", "collector:4318", "ftp://x"])
def test_what_is_no_address(tmp_path: Path, endpoint: str) -> None:
    assert "is no address like http://collector:4318" in started(tmp_path, "--otlp-endpoint", endpoint)

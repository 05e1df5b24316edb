"""Requests -> OpenTelemetry spans, sent to a collector by a thread of the SDK. Only who asks for them needs the SDK.

A request that belongs to a trace is in it when its caller said so; of the others a share begins a trace.
"""

from importlib.util import find_spec
from random import random
from time import perf_counter_ns, time_ns
from typing import Any
from urllib.parse import urlsplit

from service.api.callers.ids import Named

PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class TracesError(Exception):
    """Spans were asked for and cannot be had. Its text says what to do."""


def check(endpoint: str) -> str:
    """The address that spans are sent to. Raises TracesError."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TracesError(f"--otlp-endpoint: {endpoint!r} is no address like http://collector:4318")
    for package in PACKAGES:
        if not _is_there(package):
            raise TracesError("--otlp-endpoint needs OpenTelemetry's packages: `pip install --group otel`")
    return endpoint if parts.path.strip("/") else endpoint.rstrip("/") + "/v1/traces"


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False  # nor is the package around it


class Traces:
    def __init__(self, endpoint: str, share: float, version: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._share = share
        self._kind = SpanKind.SERVER
        self._parent = TraceContextTextMapPropagator().extract
        resource = Resource.create({"service.name": "atraso", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(check(endpoint), timeout=5)))
        self._tracer = self._provider.get_tracer("atraso")

    def request(self, method: str, path: str, status: int, started: int, request_id: bytes, named: Named) -> None:
        """A span for a request that began at `started` (`perf_counter_ns`) and ends now, where it is chosen."""
        if not (int(named.trace[-2:], 16) & 1 if named.trace else random() < self._share):
            return
        end = time_ns()
        told: dict[str, Any] = {
            "http.request.method": method,
            "url.path": path,
            "http.response.status_code": status,
            "atraso.request_id": request_id.decode(),
        }
        span = self._tracer.start_span(
            f"{method} {path}",
            context=self._parent({"traceparent": named.trace.decode()}) if named.trace else None,
            kind=self._kind,
            attributes=told,
            start_time=end - (perf_counter_ns() - started),
        )
        span.end(end)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()

"""The hot route answered inside uvicorn's protocol class: no task, no scope, no ASGI messages.

It takes a request only where it is plain: on an idle connection, `POST /predict_delay_probability HTTP/1.1`, kept
alive, with one Content-Length of a few kilobytes at most and nothing unusual in its head; and it writes only replies
with status 200, and 503 where load is shed. Everything else, wrong bodies included, goes to uvicorn and so to the same
route behind ASGI, with the very bytes that came. So the two ways cannot be told apart on the wire. Of batches it knows
only how they are refused where too many wait.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.api.callers.ids import UNNAMED, id_of, line_of
from service.api.contract import parse_flight
from service.api.routing.paths import HOT
from service.model.errors import Overloaded
from service.server.drain import DrainingProtocol
from service.server.lane.heads import HOT_SHED, MAX_HEAD, NOT_PLAIN, Lane, lines_of
from service.server.lane.shed import Shed
from service.server.wire.transport import unread_bytes


class FastLaneProtocol(DrainingProtocol):
    """One connection. Its bytes are held here, or uvicorn has them; never both."""

    _held = b""  # the start of a plain request, or what came behind the pending one
    _pending = b""  # the plain request whose reply is being made
    _extra = b""  # that reply's own headers
    _id = b""  # the one that tells its id
    _named = UNNAMED
    _crossing = b""  # what it says of the page that asks
    _via = b""  # for whom a proxy says that it asks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._lane: Lane = self.app_state["lane"]

    def data_received(self, data: bytes) -> None:
        if self._parsing or self.uvicorn_is_busy():
            super().data_received(data)
        elif self._pending or self.flow.write_paused:
            self._hold(self._held + data)
        else:
            self._take(self._held + data if self._held else data)

    def _hold(self, data: bytes) -> None:
        self._held = data
        if data and not self._began:
            self._began = self.loop.time()
        if len(data) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def _take(self, data: bytes) -> None:
        """Answer the plain requests that `data` begins with; hold an unfinished one; give uvicorn the rest."""
        lane = self._lane
        self._held = b""
        at, size = 0, len(data)
        while at < size:
            body = data.find(b"\r\n\r\n", at, at + MAX_HEAD) + 4
            head = data[at:body]
            length, self._named, self._crossing, self._via = lane.heads.get(head) or lane.learn(head)
            end = body + length
            if length == NOT_PLAIN and not lane.may_become_plain(data[at:]):
                after = self._refused(data, at, body)
                if not after:
                    super().data_received(data[at:])
                    return
                at = after
                continue
            if length == NOT_PLAIN or end > size:
                self._hold(data[at:])
                return
            try:
                reply = self._ask(data[body:end])
                if reply is not None:
                    self._write(reply, end < size)
            except Overloaded:
                self._shed(HOT_SHED, end < size)
            except Exception:  # whatever it is, it is told where all errors are, behind ASGI
                super().data_received(data[at:])
                return
            else:
                if reply is None:
                    lane.waiting += 1
                    self._pending = data[at:end]
                    self._hold(data[end:])
                    return
                if lane.watched:
                    self._note(data[body:end], reply)
            at = end

    def _ask(self, body: bytes) -> bytes | None:
        """The reply to a plain request where it is cached, or None: `_reply` gets it. Raises HttpError, Overloaded."""
        lane = self._lane
        if not lane.begun:
            lane.begin_turn()
        flight = parse_flight(body)
        reading = lane.names.read(flight, ("body",))
        named = self._named.id
        self._id = extra = line_of(named) if named else lane.ids.line()
        if self._crossing:
            extra += self._crossing
        if reading:
            flight = reading.flight
            extra += lines_of(reading)
        reply = lane.predictor.submit(flight, self._reply)  # nothing may fail after it: there will be a reply
        self._extra = extra
        if reading:
            lane.names.count(reading)
        return reply

    def _note(self, body: bytes, reply: bytes) -> None:
        """For the logs of whoever wants to know of each request, which was answered."""
        lane, request_id = self._lane, id_of(self._id)
        if lane.record:
            lane.record.one(body, reply, request_id)
        if lane.tell_all:
            self._tell(HOT, 200, request_id)

    def _tell(self, path: str, status: int, request_id: bytes) -> None:
        client_of = self._lane.client_of
        client = client_of(self.client, self._via) if client_of and self._via else self.client
        for tell in self._lane.tell:
            tell(client, path, status, self._lane.started, self._named, request_id)

    def _reply(self, reply: bytes | Exception) -> None:
        """The pending request's reply was made, or could not be."""
        request, self._pending = self._pending, b""
        self._lane.waiting -= 1
        closed = self.transport.is_closing()
        if not closed and isinstance(reply, bytes):
            try:
                self._write(reply, bool(self._held))
            except Exception as error:  # nothing was written
                reply = error
            else:
                if self._lane.watched:
                    self._note(request.partition(b"\r\n\r\n")[2], reply)
        self._lane.end_turn()
        if isinstance(reply, bytes):
            self._go_on()
        elif not closed:
            data, self._held = request + self._held, b""
            super().data_received(data)

    def _go_on(self) -> None:
        if self._held and not self._pending and not self.flow.write_paused and not self.transport.is_closing():
            self.flow.resume_reading()
            self._take(self._held)
        if self._last_words is not None:
            self.finish(self._last_words)

    def _write(self, reply: bytes, more: bool) -> None:
        """Write a reply; `more` where another request is here already."""
        last = self._is_last(more)
        extra = self._extra + b"connection: close\r\n" if last else self._extra
        self.transport.write(self._lane.response(self.server_state.default_headers, extra, reply))
        self._lane.answered += 1
        self._answered(last)

    def _is_last(self, more: bool) -> bool:
        return self.draining and not more and not unread_bytes(self.transport)

    def _refused(self, data: bytes, at: int, body: int) -> int:
        """Where the request at `at` ends, if it came whole, cannot wait in its line and so was refused; else 0."""
        lane = self._lane
        found = lane.queues.refuse(data[at:body]) if lane.queues else None
        if not found or body + found[0].length > len(data):
            return 0
        (length, self._named, self._crossing, self._via), shed = found
        if not lane.begun:
            lane.begin_turn()
        self._id = line_of(self._named.id) if self._named.id else lane.ids.line()
        self._shed(shed, body + length < len(data))
        return body + length

    def _shed(self, shed: Shed, more: bool) -> None:
        last = self._is_last(more)
        extra = self._id + self._crossing + (b"connection: close\r\n" if last else b"")
        self.transport.write(self._lane.shed(self.server_state.default_headers, extra, shed))
        self._tell(shed.path, 503, id_of(self._id))
        self._answered(last)

    def _answered(self, last: bool) -> None:
        self._began = 0.0
        self._idle_since = self.loop.time()
        if last:
            self.transport.close()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._go_on()

    def is_answering(self) -> bool:
        return bool(self._pending or (self._held and self.flow.write_paused)) or super().is_answering()

    def _crossed(self) -> bytes:
        return self._crossing if self._held else super()._crossed()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._held = b""


USED = (
    *("transport", "flow", "cycle", "loop", "parser", "pipeline", "connections", "server_state", "app_state"),
    *("data_received", "shutdown", "connection_lost", "resume_writing", "send_400_response", "on_response_complete"),
    *("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete"),
    *("_unset_keepalive_if_required", "_start_asgi_task"),
)
"""What the protocol classes take from uvicorn's class; some of it is not promised to anybody."""


def missing_in_uvicorn() -> list[str]:
    """The names among `USED` that the installed uvicorn's protocol lacks."""
    config = Config(_no_app, interface="asgi3", lifespan="off", ws="none", log_config=None)
    probe = HttpToolsProtocol(config, ServerState(), {}, asyncio.new_event_loop())
    try:
        flow = FlowControl(asyncio.Transport())
        missing = [f"FlowControl.{name}" for name in ("write_paused", "pause_reading") if not hasattr(flow, name)]
        return missing + [name for name in USED if not hasattr(probe, name)]
    finally:
        probe.loop.close()


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    raise NotImplementedError

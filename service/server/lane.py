"""The hot route answered inside uvicorn's protocol class: no task, no scope, no ASGI messages.

It takes a request only where it is plain: on an idle connection, `POST /predict_delay_probability HTTP/1.1`, kept
alive, with one Content-Length of a few kilobytes at most and nothing unusual in its head; and it writes only replies
with status 200. Everything else, wrong bodies included, goes to uvicorn and so to the same route behind ASGI, with
the very bytes that came. So the two ways cannot be told apart on the wire.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.api.callers.ids import UNNAMED, id_of, line_of
from service.api.contract import parse_flight
from service.server.drain import DrainingProtocol, unread_bytes
from service.server.heads import MAX_HEAD, NOT_PLAIN, Lane


class FastLaneProtocol(DrainingProtocol):
    """One connection. Its bytes are held here, or uvicorn has them; never both."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._lane: Lane = app_state["lane"]
        self._parsing = False  # uvicorn's parser is inside a message
        self._held = b""  # the start of a plain request, or what came behind the pending one
        self._pending = b""  # the plain request whose reply is being made
        self._extra = b""  # that reply's own headers
        self._id = b""  # the one that tells its id
        self._named = UNNAMED
        self._idle_since = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        if self._parsing or self.uvicorn_is_busy():
            super().data_received(data)
        elif self._pending or self.flow.write_paused:
            self._hold(self._held + data)
        else:
            self._take(self._held + data if self._held else data)

    def _hold(self, data: bytes) -> None:
        self._held = data
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
            length = lane.heads.get(head)
            self._named = UNNAMED
            if length is None:
                length, self._named = lane.learn(head)
            end = body + length
            if length == NOT_PLAIN and not lane.may_become_plain(data[at:]):
                super().data_received(data[at:])
                return
            if length == NOT_PLAIN or end > size:
                self._hold(data[at:])
                return
            try:
                reply = self._ask(data[body:end])
            except Exception:  # whatever it is, it is told where all errors are, behind ASGI
                super().data_received(data[at:])
                return
            if reply is None:
                lane.waiting += 1
                self._pending = data[at:end]
                self._hold(data[end:])
                return
            self._write(reply, end < size)
            if lane.watched:
                self._note(data[body:end], reply)
            at = end

    def _ask(self, body: bytes) -> bytes | None:
        """The reply to a plain request where it is cached; else None, and `_reply` gets it. Raises HttpError."""
        lane = self._lane
        if not lane.answered and not lane.waiting:
            lane.begin_turn()
        flight = parse_flight(body)
        unknown = lane.names.unknown(flight, ("body",))
        reply = lane.predictor.submit(flight, self._reply)
        named = self._named.id
        self._id = self._extra = line_of(named) if named else lane.ids.line()
        if unknown:
            self._extra += lane.note_unknown(unknown)
        return reply

    def _note(self, body: bytes, reply: bytes) -> None:
        """For the logs of whoever wants to know of each request."""
        lane, request_id = self._lane, id_of(self._id)
        if lane.record:
            lane.record.one(body, reply, request_id)
        for tell in lane.tell:
            tell(self.client, request_id, self._named, lane.started)

    def _reply(self, reply: bytes | Exception) -> None:
        """The pending request's reply was made, or could not be."""
        request, self._pending = self._pending, b""
        closed = self.transport.is_closing()
        if not closed and isinstance(reply, bytes):
            self._write(reply, bool(self._held))
            if self._lane.watched:
                self._note(request.partition(b"\r\n\r\n")[2], reply)
        self._lane.waiting -= 1
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

    def _write(self, reply: bytes, more: bool) -> None:
        """Write a reply; `more` where another request is here already."""
        last = self.draining and not more and not unread_bytes(self.transport)
        extra = self._extra + b"connection: close\r\n" if last else self._extra
        self.transport.write(self._lane.response(self.server_state.default_headers, extra, reply))
        self._lane.answered += 1
        if last:
            self.transport.close()
        else:
            self._wait()

    def _wait(self) -> None:
        """Close the connection when nothing comes for too long. One timer, moved on only when it rings."""
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._ring)

    def _ring(self) -> None:
        self._idle_timer = None
        if self._held or self._pending or self._parsing or self.uvicorn_is_busy() or self.timeout_keep_alive_task:
            return  # whatever is going on ends with a timer of its own
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_timer = self.loop.call_later(left, self._ring)
        else:
            self.timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        self._parsing = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._parsing = bool(self.parser.should_upgrade())  # what follows an upgrade is not HTTP: uvicorn keeps it

    def resume_writing(self) -> None:
        super().resume_writing()
        self._go_on()

    def is_idle(self) -> bool:
        return not self._pending and b"\r\n\r\n" not in self._held and super().is_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._held = b""
        if self._idle_timer is not None:
            self._idle_timer.cancel()


USED = (
    *("transport", "flow", "cycle", "loop", "parser", "server_state", "timeout_keep_alive", "timeout_keep_alive_task"),
    *("data_received", "shutdown", "connection_lost", "resume_writing", "on_message_begin", "on_message_complete"),
    *("timeout_keep_alive_handler", "_unset_keepalive_if_required"),
)
"""What the lane takes from uvicorn's class; some of it is not promised to anybody."""


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

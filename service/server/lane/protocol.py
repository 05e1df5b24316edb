"""The hot route answered inside uvicorn's protocol class: no task, no scope, no ASGI messages.

It takes a request only where it is plain: on an idle connection, `POST /predict_delay_probability HTTP/1.1`, kept
alive, with one Content-Length of a few kilobytes at most and nothing unusual in its head; and it writes only replies
with status 200, and 503 where load is shed. Everything else, wrong bodies included, goes to uvicorn and so to the same
route behind ASGI, with the very bytes that came. So the two ways cannot be told apart on the wire. What it does for
other routes is in `beside.py`.
"""

import asyncio
from time import perf_counter_ns

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from service.api.callers.ids import UNNAMED, id_of, line_of
from service.api.contract import parse_flight
from service.api.routing.paths import HOT
from service.model.errors import Overloaded
from service.server.drain import DrainingProtocol
from service.server.lane.beside import Direct, Shed
from service.server.lane.heads import HOT_SHED, MAX_BODY, MAX_HEAD, NOT_PLAIN, Lane, lines_of
from service.server.wire.transport import unread_bytes

CLOSE = b"connection: close\r\n"


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
                end = self._beside(data, at, body)
                if end:
                    at = end
                    continue
                super().data_received(data[at:])
                return
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
            extra += lines_of(reading.headers())
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
        extra = self._extra + CLOSE if last else self._extra
        self.transport.write(self._lane.response(self.server_state.default_headers, extra, reply))
        self._lane.answered += 1
        self._answered(last)

    def _is_last(self, more: bool) -> bool:
        return self.draining and not more and not unread_bytes(self.transport)

    def _beside(self, data: bytes, at: int, body: int) -> int:
        """Where the request at `at`, for another route, ends if it was answered or refused here; 0 otherwise."""
        lane = self._lane
        found = lane.beside.find(data[at:body]) if lane.beside else None
        if not found:
            return 0
        (length, self._named, self._crossing, self._via), route = found
        end = body + length
        if end > len(data):
            return self._await(data, at) if isinstance(route, Direct) and length <= MAX_BODY else 0
        if not lane.begun:
            lane.begin_turn()
        self._id = line_of(self._named.id) if self._named.id else lane.ids.line()
        if isinstance(route, Shed):
            self._shed(route, end < len(data))
        elif end < len(data) or not self._direct(route, data[body:end]):
            return 0  # one a turn: others are served between those that are sent together
        return end

    def _await(self, data: bytes, at: int) -> int:
        """The end of `data`, which is held: a small body is still to come."""
        self._hold(data[at:])
        return len(data)

    def _direct(self, route: Direct, body: bytes) -> bool:
        """Whether the route's reply was made at once, and written."""
        lane = self._lane
        started = perf_counter_ns()
        try:
            made = route.make(body)
        except Exception:  # whatever it is, it is told where all errors are, behind ASGI
            return False
        if made is None:
            return False
        last = self._is_last(False)
        extra = self._id + self._crossing + (CLOSE if last else b"")
        self.transport.write(lane.made(self.server_state.default_headers, extra, made))
        lane.metrics.request(route.path, 200, started)
        if lane.tell_all:
            self._tell(route.path, 200, id_of(self._id))
        self._answered(last)
        return True

    def _shed(self, shed: Shed, more: bool) -> None:
        last = self._is_last(more)
        extra = self._id + self._crossing + (CLOSE if last else b"")
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

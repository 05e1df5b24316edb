"""uvicorn's HTTP protocol, with what a client under load would meet mended, and what one connection may take bounded.

- Shutdown answers every request that was sent whole before the listener closed. uvicorn closes an idle connection at
  once, though a request may be on its way, or wait in the kernel, or another worker's door be open still. Here the
  next reply says `connection: close`, and a connection is closed without one only after a moment with nothing to read.
- A client that pipelines and does not read its replies is made to wait. uvicorn goes on reading after each reply, so
  that requests pile up by the hundred thousand. Here nothing is read while requests wait for their turn.
- Requests that came before one that is no HTTP, or before the client's end, are answered first. uvicorn refuses or
  closes at once, and forgets them. So is one that did not come whole, where the app needs no more of it for its answer:
  what it is told does not depend on when its bytes came.
- A connection is closed in two steps (RFC 9112, 9.6): what a client still sends would take its reply back.
- A client that was not told to go on sending (`Expect: 100-continue`) may never send its body: its connection ends.
- A client that does not send, or does not read, is cut in time; `service/server/sweep.py` says when to look.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.server.bounds import HOSTLESS, TOO_SLOW, BoundedProtocol, Refusal
from service.server.wire.transport import PatientFlow, TwoSteps, drop, taken_bytes, unread_bytes, unsent_bytes

LINGER = 2.0
"""Seconds that a client gets to read why it was refused: to close with bytes unread would take the reply back."""


class DrainingProtocol(BoundedProtocol):
    """Times are the loop's; 0 where the thing is not."""

    draining = False
    _draining_since = 0.0
    _opened = 0.0
    _began = 0.0  # the request that is being received
    _idle_since = 0.0  # the last reply
    _lingering_since = 0.0
    _stuck_since = 0.0
    _taken: int | None = None  # bytes that the client had taken when it was last looked at and some were on their way
    _eof = False
    _last_words: bytes | None = None  # said once all that came is answered, as far as it can be
    _running: RequestResponseCycle | None = None  # the request that the app has; `cycle` is the last that came
    _asking: RequestResponseCycle | None = None  # the one whose body the app waits for
    _expecting: RequestResponseCycle | None = None  # the one whose client waits to be told to send it

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.flow = PatientFlow(transport, self.pipeline)
        self._opened = self.loop.time()
        self.app_state["sweep"].begin(self.connections)

    def data_received(self, data: bytes) -> None:
        if self._lingering_since or (self._last_words is not None and not self._eof):
            self._throw_away(data)
            return  # after the client's end only the lane has some of what came before
        super().data_received(data)

    def _read_on(self) -> None:
        super()._read_on()
        if self.draining and self.uvicorn_is_busy() and not self._unread:
            super().shutdown()  # closes after the reply to what is being received

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio: True keeps the way back open
        self._eof = True
        if self._lingering_since:
            return False
        self.finish(b"")
        return not self.transport.is_closing()

    def on_message_begin(self) -> None:
        if not self._began:
            self._began = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        cycle: Any = self.cycle
        if cycle is before:
            return
        cycle.transport = TwoSteps(self.transport, self._part, bodiless=cycle.scope["method"] == "HEAD")
        cycle.receive = partial(self._receive, cycle)
        if cycle.waiting_for_100_continue:
            cycle.waiting_for_100_continue = cycle.scope["http_version"] not in HOSTLESS  # which know no 100
            self._expecting, cycle.keep_alive = (cycle, False) if cycle.keep_alive else (None, False)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self.pipeline.clear()
        self._unread = b""
        if self._running and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._began = 0.0
        self._keep(self.cycle)

    def _keep(self, cycle: RequestResponseCycle) -> None:
        """The body came, or its client is about to be told that it may."""
        if self._expecting is cycle is not None:
            cycle.keep_alive, self._expecting = not self.draining, None

    async def _receive(self, cycle: RequestResponseCycle) -> Any:
        """The app asks for more of a body."""
        self._keep(cycle)
        if cycle.more_body and not cycle.body and self._last_words is not None:
            self._say(self._last_words)
        self._asking = cycle
        try:
            return await RequestResponseCycle.receive(cycle)
        finally:
            if self._asking is cycle:
                self._asking = None

    def on_response_complete(self) -> None:
        if self._lingering_since:
            self.pipeline.clear()
        last, answered = not self.pipeline, self._in_body
        super().on_response_complete()
        if self.transport.is_closing() or self._lingering_since:
            return
        self._unset_keepalive_if_required()  # `look` knows
        self._idle_since = self.loop.time()
        if self._began:
            self._began = self._idle_since  # nothing was read of it while others were answered
        if last and self._last_words is not None:
            self._say(b"" if answered else self._last_words)
        else:
            self._read_on()

    def finish(self, words: bytes) -> None:
        """Answer what came, as far as it can be answered, then say `words` and close."""
        self._last_words = self._last_words or words
        if not self.is_answering() and not self._may_be_answered():
            self._say(self._last_words)

    def _may_be_answered(self) -> bool:
        """The app has a request that did not come whole, and does not wait for the rest of it."""
        return self.uvicorn_is_busy() and (self._asking is not self.cycle or bool(self.cycle.body))

    def _part(self) -> None:
        self._say(b"")

    def _say(self, words: bytes) -> None:
        """Say `words` and close."""
        if self.transport.is_closing() or self._lingering_since:
            return
        if words:
            self.transport.write(words)
        if self._eof or self.draining:
            self.transport.close()
            return
        if self.uvicorn_is_busy():  # with a request that will not come whole
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write_eof()
        self._lingering_since = self.loop.time()
        self._parsing, self._room = True, self.bounds.thrown_away
        self.flow.resume_reading()

    def _throw_away(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0 and self._lingering_since:
            self.transport.abort()

    def shutdown(self) -> None:
        self.draining = True
        self._draining_since = self.loop.time()
        if self._lingering_since:
            self.transport.close()
        elif self.uvicorn_is_busy():
            self._read_on()
        else:
            self.loop.call_later(self._grace(), self._close_if_idle)

    def uvicorn_is_busy(self) -> bool:
        """A request that uvicorn knows of is being received or answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def is_answering(self) -> bool:
        """A request that came whole waits for its reply."""
        return bool(self.pipeline) or (self.uvicorn_is_busy() and not self.cycle.more_body)

    def idle_since(self) -> float | None:
        """The loop's time at which the last reply was given, or the connection opened; None while there is work."""
        if self._began or self.is_answering() or self.transport.get_write_buffer_size():
            return None
        return self._idle_since or self._opened

    def _close_if_idle(self) -> None:
        if self.idle_since() is not None and not unread_bytes(self.transport):
            self.transport.close()

    def look(self, now: float) -> None:
        """Cut the connection where it let too much time pass. `now` is the loop's time."""
        unwritten = self.transport.get_write_buffer_size()
        if self._is_stuck(now, unwritten + unsent_bytes(self.transport)):
            self.metrics.event("write_timeout")
            drop(self.transport)
        elif unwritten:
            return
        elif self._lingering_since:
            if now - self._lingering_since > LINGER:
                self.transport.abort()
        elif self._began:
            if now >= self._ends(self._began + self.bounds.request_timeout, self.bounds.drain_timeout):
                self._cut(TOO_SLOW)
        elif self._idle_since:
            if now >= self._ends(self._idle_since + self.bounds.keep_alive, self._grace()):
                self._cut("keep_alive")
        elif now >= self._ends(self._opened + self.bounds.request_timeout, self._grace()):
            self._cut("silent")

    def _grace(self) -> float:
        grace: float = self.app_state["sweep"].grace
        return grace

    def _ends(self, time: float, drain: float) -> float:
        return min(time, self._draining_since + drain) if self.draining else time

    def _cut(self, why: Refusal | str) -> None:
        """Its time is up, unless it waits for us."""
        if self.transport.is_closing() or self.is_answering() or self._last_words is not None:
            return
        if isinstance(why, Refusal):
            self.refuse(why)
        elif not unread_bytes(self.transport):
            self.metrics.event(why)
            self.transport.close()

    def _is_stuck(self, now: float, unsent: int) -> bool:
        """The client takes none of what it was told. The kernel holds megabytes before anything waits here."""
        taken = taken_bytes(self.transport) if unsent else None
        if taken is None or taken != self._taken:
            self._stuck_since, self._taken = now, taken
            return False
        return now >= self._ends(self._stuck_since + self.bounds.write_timeout, self.bounds.drain_timeout)

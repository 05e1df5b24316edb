"""The lane with its bytes in Rust: `native/src/lane.rs` answers what is plainest, Python's lane what it leaves.

A connection that goes is Python's too, and all of them where every request is told of.
"""

import asyncio
from typing import TYPE_CHECKING

from service.api.served import Recorder
from service.server.lane.protocol import FastLaneProtocol

if TYPE_CHECKING:
    from atraso_native import Lane, Taken

LENGTH = b"content-length: "
CLOSE = b"connection: close\r\n"


class NativeLaneProtocol(FastLaneProtocol):
    _plain = False  # nothing is held, waits or is being received, so what comes may be answered at once

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._plain = self._lane.native is not None

    def data_received(self, data: bytes) -> None:
        if self._plain:
            self._take(data)
        else:
            super().data_received(data)
            self._plain = self._is_plain()

    def _is_plain(self) -> bool:
        busy = self._held or self._pending or self._parsing or self.uvicorn_is_busy() or self._lingering_since
        done = self.draining or self._last_words is not None or self.flow.write_paused
        return self._lane.native is not None and not busy and not done

    def _take(self, data: bytes) -> None:
        lane = self._lane
        native = lane.native
        if native is None or self.draining:
            super()._take(data)
            return
        if not lane.begun:
            lane.begin_turn()
            native.begin_with(lane.start(self.server_state.default_headers))
        self._held = b""
        taken = native.take(data, self._give)
        if taken is None:
            self._plain = False
            self._wait(data)
        elif isinstance(taken, bytes):
            self._wrote(taken, data)
        else:
            self._plain = False
            self._take_parts(native, data, taken)

    def _take_parts(self, native: "Lane", data: bytes, taken: "Taken") -> None:
        """Not all of `data` was answered, or not at once."""
        while not isinstance(taken, bytes):
            if taken is None:
                self._wait(data)
                return
            replies, start, end, stop = taken
            if replies:
                self._wrote(replies, data[:start])
            if stop != native.MORE:
                self._stopped(native, stop, data, start, end)
                return
            data = data[start:]
            taken = native.take(data, self._give)
        self._wrote(taken, data)

    def _wait(self, request: bytes) -> None:
        """Until the model has run."""
        self._pending = request
        self._lane.waiting += 1
        self._lane.predictor.awaited()

    def _stopped(self, native: "Lane", stop: int, data: bytes, start: int, end: int) -> None:
        """What is at `start` in `data` was not answered."""
        if stop == native.WAITS:
            self._wait(data[start:end])
            self._hold(data[end:])
        elif stop == native.UNFINISHED:
            self._crossing = b""  # a head that names its page is not plain here
            self._hold(data[start:])
        else:
            super()._take(data[start:])

    def _wrote(self, replies: bytes, requests: bytes) -> None:
        self.transport.write(replies)
        self._began = 0.0
        self._idle_since = self.loop.time()
        if self._lane.record:
            self._record(self._lane.record, requests, replies)

    def _record(self, record: Recorder, request: bytes, reply: bytes) -> None:
        head, _, body = reply.partition(b"\r\n\r\n")
        request_id = head.partition(b"x-request-id: ")[2].partition(b"\r\n")[0]
        record.one(request.partition(b"\r\n\r\n")[2], body, request_id)

    def _give(self, reply: bytes | Exception) -> None:
        """The pending request's whole reply was made, or could not be."""
        if not isinstance(reply, bytes):
            self._reply(reply)
            return
        request, self._pending = self._pending, b""
        lane = self._lane
        lane.waiting -= 1
        if not self.transport.is_closing():
            lane.answered += 1
            if self.draining and self._is_last(bool(self._held)):
                # An id has no space in it, so the first of these is the header.
                self._wrote(reply.replace(LENGTH, CLOSE + LENGTH, 1), request)
                self.transport.close()
            else:
                self._wrote(reply, request)
        if not lane.waiting:
            lane.end_turn()
        if self._held or self._last_words is not None:
            self._go_on()
        else:
            self._plain = not (self.draining or self.flow.write_paused)

    def shutdown(self) -> None:
        self._plain = False
        super().shutdown()

    def pause_writing(self) -> None:
        self._plain = False
        super().pause_writing()

    def eof_received(self) -> bool:  # type: ignore[override]  # as in `drain.py`
        self._plain = False
        return super().eof_received()

"""uvicorn's HTTP protocol, with three things mended that a client under load would meet.

- Shutdown answers every request that was sent whole before the listener closed. uvicorn closes an idle connection at
  once, though a request may be on its way, or wait in the kernel, or another worker's door be open still. Here the
  next reply says `connection: close`, and a connection is closed without one only after a moment with nothing to read.
- A client that pipelines and does not read its replies is made to wait. uvicorn goes on reading after each reply, so
  that requests pile up by the hundred thousand. Here nothing is read while requests wait for their turn.
- Requests that came before one that is no HTTP are answered first. uvicorn refuses that one at once, and forgets them.
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Collection

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE = 0.3
"""Seconds that an idle connection is kept when the server stops: longer than workers need to close their listeners."""


def unread_bytes(transport: asyncio.BaseTransport) -> int:
    """How much the kernel holds for this connection that was not read yet."""
    connection = transport.get_extra_info("socket")
    if transport.is_closing() or connection is None:
        return 0
    try:
        answer = fcntl.ioctl(connection.fileno(), termios.FIONREAD, b"\0" * 4)
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


class PatientFlow(FlowControl):
    def __init__(self, transport: asyncio.Transport, waiting: Collection[object]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class DrainingProtocol(HttpToolsProtocol):
    draining = False
    _refusal = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.flow = PatientFlow(transport, self.pipeline)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.draining:
            super().shutdown()  # closes after the reply to what is being received

    def send_400_response(self, msg: str) -> None:
        if self.uvicorn_is_busy() and not self.cycle.more_body:
            self._refusal = msg
        else:
            super().send_400_response(msg)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal and not self.uvicorn_is_busy() and not self.transport.is_closing():
            super().send_400_response(self._refusal)

    def shutdown(self) -> None:
        self.draining = True
        if self.uvicorn_is_busy():
            super().shutdown()
        else:
            self.loop.call_later(GRACE, self._close_if_idle)

    def uvicorn_is_busy(self) -> bool:
        """A request that uvicorn knows of is being received or answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def is_idle(self) -> bool:
        return not self.uvicorn_is_busy() and not unread_bytes(self.transport)

    def _close_if_idle(self) -> None:
        if self.is_idle():
            self.transport.close()

"""uvicorn's HTTP protocol, with two things mended that a client under load would meet.

- Shutdown answers every request that reached this machine whole. uvicorn closes an idle connection at once, though a
  request may wait there, received by the kernel and not yet read. Here it is read, answered and only then closed.
- A client that pipelines and does not read its replies is made to wait. uvicorn goes on reading after each reply, so
  that requests pile up by the hundred thousand. Here nothing is read while requests wait for their turn.
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Collection

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.flow = PatientFlow(transport, self.pipeline)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.draining:
            super().shutdown()  # closes after the reply to what is being received

    def shutdown(self) -> None:
        if unread_bytes(self.transport):
            self.draining = True
        else:
            super().shutdown()

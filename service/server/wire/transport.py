"""A connection's transport: what the kernel holds of it, when it is read from, and how it ends."""

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable, Collection
from contextlib import suppress

from uvicorn.protocols.http.flow_control import FlowControl

CONTINUE = b"HTTP/1.1 100 "

ACKNOWLEDGED = 120
"""Where Linux' `struct tcp_info` has `tcpi_bytes_acked`, eight bytes."""


def unread_bytes(transport: asyncio.BaseTransport) -> int:
    """How much the kernel holds for this connection that was not read yet."""
    return _ask_kernel(transport, termios.FIONREAD)


def unsent_bytes(transport: asyncio.BaseTransport) -> int:
    """How much the kernel holds that the client did not take yet."""
    return _ask_kernel(transport, termios.TIOCOUTQ)


def taken_bytes(transport: asyncio.BaseTransport) -> int:
    """How much the client took so far, or some number that changes with it where the kernel does not tell."""
    try:
        told = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKNOWLEDGED + 8)
        return int(struct.unpack_from("Q", told, ACKNOWLEDGED)[0])
    except (OSError, struct.error):
        return -unsent_bytes(transport)


def drop(transport: asyncio.Transport) -> None:
    """Close, and have the kernel forget what the client did not take."""
    with suppress(OSError):
        lingering = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    transport.abort()


def _ask_kernel(transport: asyncio.BaseTransport, question: int) -> int:
    connection = transport.get_extra_info("socket")
    if transport.is_closing() or connection is None:
        return 0
    try:
        answer = fcntl.ioctl(connection.fileno(), question, b"\0" * 4)
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


class TwoSteps:
    """What a request has for a transport: the protocol closes it, and a reply's head goes with the start of its body.

    uvicorn writes the two apart, each in a system call and a packet of its own; ASGI has a head wait for the body.
    """

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None], *, bodiless: bool) -> None:
        """`bodiless` where no body follows the head: a reply to HEAD."""
        self._write, self.is_closing, self._close = transport.write, transport.is_closing, close
        self._head = b""
        self._waits = not bodiless

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif self._waits and not data.startswith(CONTINUE):
            self._head, self._waits = data, False
            return
        self._write(data)

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._close()

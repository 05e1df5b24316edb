"""A listener that lets nobody in any more, so that nobody stands in the door when it is closed.

Closing alone resets those whose connection the kernel made after the last `accept`, and with it what they asked: a
client that is told to close its connection comes back at once, to a worker that may just be leaving too. A filter on
the socket, which all processes share, drops what begins a connection and nothing else: who comes now tries again in a
second, and is refused then.
"""

import ctypes
import socket
import struct
import sys
from contextlib import suppress

SO_ATTACH_FILTER = 26
"""Linux'; Python has no name for it."""

FLAGS, SYN, SYN_OR_ACK = 13, 0x02, 0x12
"""Where a TCP segment has its flags, and two of them."""

LOAD_BYTE, AND, JUMP_IF_EQUAL, RETURN = 0x30, 0x54, 0x15, 0x06
"""Classic BPF's instructions: each is its code, how many to skip where it holds and where it does not, and a number."""

NO_BEGINNINGS = (
    (LOAD_BYTE, 0, 0, FLAGS),
    (AND, 0, 0, SYN_OR_ACK),
    (JUMP_IF_EQUAL, 0, 1, SYN),
    (RETURN, 0, 0, 0),
    (RETURN, 0, 0, 0xFFFFFFFF),
)


def shut(listener: socket.socket) -> bool:
    """Let in nobody who has not knocked yet; whoever has is still to be accepted. Whether the system can do that."""
    if sys.platform != "linux":
        return False
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in NO_BEGINNINGS))
    with suppress(OSError):
        told = struct.pack("HP", len(NO_BEGINNINGS), ctypes.addressof(program))
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, told)
        return True
    return False


def close(listener: socket.socket) -> None:
    """For this process; where it was closed already, nothing is done."""
    if listener.fileno() != -1:
        shut(listener)
        listener.close()

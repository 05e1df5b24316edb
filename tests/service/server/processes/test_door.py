"""A door that is shut lets in who has knocked, and nobody else."""

import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from service.server.processes import door

Families = pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])


@pytest.fixture
def listening() -> Iterator[Callable[[socket.AddressFamily], socket.socket]]:
    made: list[socket.socket] = []

    def listen(family: socket.AddressFamily) -> socket.socket:
        listener = socket.socket(family)
        made.append(listener)
        try:
            listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        except OSError as error:
            pytest.skip(f"this machine has no such address: {error}")
        listener.listen(16)
        return listener

    yield listen
    for each in made:
        each.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the filter is Linux'")
@Families
def test_nobody_comes_in_once_it_is_shut(
    listening: Callable[[socket.AddressFamily], socket.socket], family: socket.AddressFamily
) -> None:
    listener = listening(family)
    address = listener.getsockname()
    before = socket.create_connection(address[:2], 5)
    assert door.shut(listener)
    late = socket.socket(family)
    late.settimeout(0.3)
    with pytest.raises(TimeoutError):
        late.connect(address)
    late.close()
    before.sendall(b"asked")
    accepted, _ = listener.accept()
    assert accepted.recv(100) == b"asked"
    accepted.sendall(b"answered")
    assert before.recv(100) == b"answered"
    listener.settimeout(0.1)
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address[:2], 5)
    for end in (before, accepted):
        end.close()


@Families
def test_it_may_be_closed_twice(
    listening: Callable[[socket.AddressFamily], socket.socket], family: socket.AddressFamily
) -> None:
    listener = listening(family)
    door.close(listener)
    door.close(listener)
    assert listener.fileno() == -1

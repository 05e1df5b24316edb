import socket
import threading
from typing import Any

from service.healthcheck import is_ready


def test_a_ready_server_is_ready(server: Any) -> None:
    assert is_ready(server.port)


def test_a_closed_port_is_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not is_ready(port)


def test_a_server_that_is_no_server_is_not() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up)
        thread.start()
        assert not is_ready(listener.getsockname()[1])
        thread.join()

"""What a connection knows of itself, in a loop of its own."""

import asyncio
import json
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from service.api.contract import EXAMPLE
from service.server import drain
from service.server.bounds import bounds_of
from service.server.drain import DrainingProtocol
from service.server.metrics import Metrics
from service.server.sweep import Sweep
from service.settings import Settings

BODY = json.dumps(EXAMPLE).encode()
HEAD = b"POST /predict_delay_probability HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
REQUEST = HEAD % len(BODY) + BODY


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answers once the whole body is here."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"}"})


def test_a_connection_tells_since_when_it_is_idle() -> None:
    """From its start and from its last reply; not while a request is received."""

    async def check() -> None:
        loop = asyncio.get_running_loop()
        bounds = bounds_of(Settings())
        state = {"bounds": bounds, "metrics": Metrics(), "sweep": Sweep(bounds)}
        config = Config(slow, interface="asgi3", lifespan="off", ws="none", log_config=None)
        shared = ServerState()
        server = await loop.create_server(lambda: DrainingProtocol(config, shared, state), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        while not shared.connections:
            await asyncio.sleep(0)
        (connection,) = shared.connections
        assert isinstance(connection, DrainingProtocol)
        opened = connection.idle_since()
        assert opened
        assert opened <= loop.time()
        writer.write(REQUEST[:-10])
        while connection.idle_since() is not None:
            await asyncio.sleep(0)
        writer.write(REQUEST[-10:])
        await reader.readuntil(b"}")
        answered = connection.idle_since()
        assert answered
        assert opened <= answered <= loop.time()
        writer.close()
        server.close()

    asyncio.run(check())


def test_a_first_reply_on_its_way_is_no_reply_that_nobody_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has some of it, and none was acknowledged yet: the first look only begins to wait."""
    kernel = {"unsent": 0, "taken": 0}
    monkeypatch.setattr(drain, "unsent_bytes", lambda transport: kernel["unsent"])
    monkeypatch.setattr(drain, "taken_bytes", lambda transport: kernel["taken"])

    async def check() -> None:
        loop = asyncio.get_running_loop()
        bounds = bounds_of(Settings(write_timeout=30))
        state = {"bounds": bounds, "metrics": Metrics(), "sweep": Sweep(bounds)}
        config = Config(slow, interface="asgi3", lifespan="off", ws="none", log_config=None)
        shared = ServerState()
        server = await loop.create_server(lambda: DrainingProtocol(config, shared, state), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        while not shared.connections:
            await asyncio.sleep(0)
        (connection,) = shared.connections
        assert isinstance(connection, DrainingProtocol)
        cut = []
        start = loop.time()
        for after, unsent, taken in [(0, 9, 0), (5, 0, 9), (29, 0, 9), (70, 9, 9), (99, 9, 9), (101, 9, 9)]:
            kernel.update(unsent=unsent, taken=taken)
            connection._idle_since = start + after  # no idle connection is cut here
            connection.look(start + after)
            cut.append(connection.transport.is_closing())
        assert cut == [False, False, False, False, False, True]
        writer.close()
        server.close()

    asyncio.run(check())

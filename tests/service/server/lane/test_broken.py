"""What fails in the lane is answered behind it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.server.bounds import bounds_of
from service.server.drain import DrainingProtocol
from service.server.lane import needed
from service.server.lane.heads import Lane
from service.server.lane.protocol import FastLaneProtocol
from service.server.metrics import Metrics
from service.server.processes.worker import choose_protocol
from service.server.sweep import Sweep
from service.settings import Settings
from tests.service.server.lane.wire import parse, request


async def behind(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"behind it}"})


class Nobody:
    def read(self, flight: Any, where: Any) -> None:
        return None


class Predicts:
    """At once, or in the next turn."""

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once

    def submit(self, flight: Any, answer: Callable[[bytes], None]) -> bytes | None:
        if self._at_once:
            return b"{}"
        asyncio.get_running_loop().call_soon(answer, b"{}")
        return None


BROKEN: dict[str, dict[str, Any]] = {
    "before it asks": {"names": None, "predictor": Predicts(True)},
    "when it asks": {"predictor": None},
    "when it writes": {"predictor": Predicts(True), "tails": None},
    "when it writes later": {"predictor": Predicts(False), "tails": None},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_whatever_fails_in_the_lane_the_client_gets_its_reply(broken: dict[str, Any]) -> None:
    """From behind it, and once."""

    async def check() -> None:
        bounds = bounds_of(Settings())
        metrics = Metrics()
        made: dict[str, Any] = {"names": Nobody(), "metrics": metrics, "bounds": bounds, **broken}
        state = {"bounds": bounds, "metrics": metrics, "sweep": Sweep(bounds), "lane": Lane(**made)}
        config = Config(behind, interface="asgi3", lifespan="off", ws="none", log_config=None)
        server = await asyncio.get_running_loop().create_server(
            lambda: FastLaneProtocol(config, ServerState(), state), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request() + request())
        writer.write_eof()
        received = await asyncio.wait_for(reader.read(), 20)
        assert [body for _, _, body in parse(received)] == [b"behind it}"] * 2
        writer.close()
        server.close()

    asyncio.run(check())


def test_what_uvicorn_has_is_checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert needed.missing_in_uvicorn() == []
    monkeypatch.delattr(HttpToolsProtocol, "_unset_keepalive_if_required")
    assert needed.missing_in_uvicorn() == ["_unset_keepalive_if_required"]
    assert choose_protocol(Settings()) is DrainingProtocol
    assert "no fast lane, this uvicorn lacks _unset_keepalive_if_required" in capsys.readouterr().err

"""What the protocol classes need of the installed uvicorn."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

USED = (
    *("transport", "flow", "cycle", "loop", "parser", "pipeline", "connections", "server_state", "app_state"),
    *("data_received", "shutdown", "connection_lost", "resume_writing", "send_400_response", "on_response_complete"),
    *("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete"),
    *("_unset_keepalive_if_required", "_start_asgi_task"),
)
"""What the protocol classes take from uvicorn's class; some of it is not promised to anybody."""


def missing_in_uvicorn() -> list[str]:
    """The names among `USED` that the installed uvicorn's protocol lacks."""
    config = Config(_no_app, interface="asgi3", lifespan="off", ws="none", log_config=None)
    probe = HttpToolsProtocol(config, ServerState(), {}, asyncio.new_event_loop())
    try:
        flow = FlowControl(asyncio.Transport())
        missing = [f"FlowControl.{name}" for name in ("write_paused", "pause_reading") if not hasattr(flow, name)]
        return missing + [name for name in USED if not hasattr(probe, name)]
    finally:
        probe.loop.close()


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    raise NotImplementedError

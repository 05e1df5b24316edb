"""An app that reads the body and answers a constant: what uvicorn costs before anything is done."""

import sys

from starlette.types import Receive, Scope, Send

from bench.baselines import serve
from bench.setup import Setup
from bench.traffic import CONSTANT, constant

ABOUT = "an empty ASGI app on uvicorn"
TRAFFIC = constant

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONSTANT))],
}
BODY = {"type": "http.response.body", "body": CONSTANT}


def command(setup: Setup) -> list[str]:
    return [sys.executable, "-m", "bench.baselines.empty_asgi", str(setup.port)]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body", False):
        pass
    await send(START)
    await send(BODY)


if __name__ == "__main__":
    serve(app)

"""`GET /model_status`: the model and an example, as the clients of the first service know it."""

import platform

import orjson
from starlette.requests import Request
from starlette.responses import Response

from service.api.body import JSON
from service.api.contract import EXAMPLE, FIELDS


def about(model_file: str) -> bytes:
    return orjson.dumps(
        {
            "python version": platform.python_version(),
            "model_status": "Modelo activo y cargado 🔥",
            "model_type": "LGBM",
            "model_file": model_file,
            "model_input_variables": FIELDS,
            "input_example": EXAMPLE,
        }
    )


async def show(request: Request) -> Response:
    return Response(request.state.served.status, media_type=JSON)

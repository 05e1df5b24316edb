"""BlackSheep, a framework compiled with Cython, with orjson and one run of ONNX Runtime a request."""

import sys
from datetime import datetime

import orjson
from blacksheep import Application, Content, Request, Response

from bench.baselines import serve
from bench.model import Model
from bench.setup import Setup
from bench.traffic import singles

ABOUT = "BlackSheep + ONNX Runtime"
TRAFFIC = singles

app = Application()
model = Model()


@app.router.post("/predict_delay_probability")
async def predict_delay_probability(request: Request) -> Response:
    flight = orjson.loads(await request.read() or b"")
    when = datetime.fromisoformat(flight["FECHA_PROGRAMADA"])
    probability, word = model.predict(flight["OPERA"], flight["SIGLADES"], when)
    reply = orjson.dumps({"delay_probability": probability, "clase": [word]})
    return Response(200, content=Content(b"application/json", reply))


def command(setup: Setup) -> list[str]:
    return [sys.executable, "-m", "bench.baselines.blacksheep_onnx", str(setup.port)]


if __name__ == "__main__":
    serve(app)

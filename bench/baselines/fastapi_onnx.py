"""The usual recipe: FastAPI, pydantic models, and one run of ONNX Runtime a request."""

import sys
from datetime import datetime

from fastapi import FastAPI
from pydantic import BaseModel

from bench.baselines import serve
from bench.model import Model
from bench.setup import Setup
from bench.traffic import singles

ABOUT = "FastAPI + ONNX Runtime"
TRAFFIC = singles

app = FastAPI()
model = Model()


class Flight(BaseModel):
    OPERA: str
    SIGLADES: str
    FECHA_PROGRAMADA: datetime


class Prediction(BaseModel):
    delay_probability: float
    clase: list[str]


@app.post("/predict_delay_probability")
async def predict_delay_probability(flight: Flight) -> Prediction:
    probability, word = model.predict(flight.OPERA, flight.SIGLADES, flight.FECHA_PROGRAMADA)
    return Prediction(delay_probability=probability, clase=[word])


def command(setup: Setup) -> list[str]:
    return [sys.executable, "-m", "bench.baselines.fastapi_onnx", str(setup.port)]


if __name__ == "__main__":
    serve(app)

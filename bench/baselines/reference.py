"""The reference solution's way: for each request the tables from disk, a merge with each, a LightGBM Booster."""

import sys
from datetime import datetime
from pathlib import Path

import lightgbm as lgb
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

from bench.baselines import serve
from bench.booster import booster
from bench.setup import Setup
from bench.traffic import singles
from service.api.contract import HIGH, LOW
from service.model import bundle as bundles
from service.model.keys import high_season, period
from service.settings import ROOT

ABOUT = "FastAPI, pandas merges, LightGBM"
TRAFFIC = singles


class Flight(BaseModel):
    OPERA: str
    SIGLADES: str
    FECHA_PROGRAMADA: datetime


class Model:
    def __init__(self, booster_file: Path) -> None:
        self.bundle = bundles.read(ROOT)
        self._booster_file = booster_file

    def predict(self, flight: Flight) -> float:
        parts = _features(flight)
        inputs = pd.DataFrame()
        for table in self.bundle.tables:
            merged = parts.merge(_read(table), on=list(table.key), how="left")
            inputs[table.name] = merged["value"].fillna(table.default)
        return float(lgb.Booster(model_file=str(self._booster_file)).predict(inputs, num_threads=1)[0])


def _read(table: bundles.Table) -> pd.DataFrame:
    """A table from its file, with a column of text for each part of its key, and one for its values."""
    values = pd.read_json(ROOT / "tables" / f"{table.name}.json", typ="series", convert_axes=False)
    keys = values.index.str.split("|").tolist() if len(table.key) > 1 else values.index
    return pd.DataFrame(keys, columns=list(table.key)).assign(value=values.to_numpy())


def _features(flight: Flight) -> pd.DataFrame:
    """One row with every key part, as text."""
    rows = pd.DataFrame([flight.model_dump()])
    when = pd.to_datetime(rows["FECHA_PROGRAMADA"])
    rows["FECHA"] = when.dt.strftime("%Y-%m-%d")
    rows["MES"], rows["DIA"] = when.dt.month, when.dt.day
    rows["dia_semana"], rows["hora"] = when.dt.dayofweek, when.dt.hour
    rows["periodo_dia"] = rows["hora"].apply(period)
    rows["temporada_alta"] = rows.apply(lambda row: high_season(row["MES"], row["DIA"]), axis=1)
    return rows.astype(str)


def create_app(booster_file: Path) -> FastAPI:
    app = FastAPI()
    model = Model(booster_file)

    @app.post("/predict_delay_probability")
    async def predict_delay_probability(flight: Flight) -> dict[str, float | list[str]]:
        probability = model.predict(flight)
        word = HIGH if probability > model.bundle.threshold else LOW
        return {"delay_probability": round(probability, 2), "clase": [word]}

    return app


def command(setup: Setup) -> list[str]:
    return [sys.executable, "-m", "bench.baselines.reference", str(setup.port), str(booster(setup))]


if __name__ == "__main__":
    serve(create_app(Path(sys.argv[2])))

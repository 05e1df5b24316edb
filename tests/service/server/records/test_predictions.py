"""The prediction log of real servers, and the loop that it closes: serve, drift, outcomes, refresh, serve."""

import csv
import json
import random
import re
import shutil
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from export.__main__ import cli
from export.commands.judge import EXCEEDED
from service.api.contract import EXAMPLE, FIELDS
from service.model import bundle as bundles
from service.model.features import Features
from service.server.metrics import Metrics
from service.server.prometheus import render
from service.server.records.predictions import A_FLIGHT, COLUMNS, MAX_QUEUED, Keeping, PredictionLog

BUNDLE = bundles.read(Path(__file__).resolve().parents[4])
FEATURES = Features(BUNDLE.tables, BUNDLE.names)
HOT = "/predict_delay_probability"
ODD = {"OPERA": 'Ñandú, "Air"\r\n=1+1', "SIGLADES": "Lima | x", "FECHA_PROGRAMADA": "2017-07-01T04:30:59Z"}


def kept(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.reader(file, strict=True))
        assert tuple(found[0]) == COLUMNS
        rows += [dict(zip(COLUMNS, row, strict=True)) for row in found[1:]]
    return rows


def tensors(flights: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": field, "datatype": "BYTES", "shape": [len(flights)], "data": [each[field] for each in flights]}
            for field in FIELDS
        ]
    }


def counted(server: Any, name: str) -> int:
    found = re.search(rf"^{re.escape(name)} (\d+)$", httpx.get(server.url + "/metrics").text, re.M)
    assert found
    return int(found.group(1))


@pytest.mark.parametrize("way", ["--fast-lane", "--no-fast-lane"])
def test_every_prediction_is_kept(servers: Callable[..., Any], tmp_path: Path, way: str) -> None:
    server = servers("--workers", 1, "--log-predictions", tmp_path / "log", way)
    replies = [server.post(HOT, EXAMPLE) for _ in range(2)] + [server.post(HOT, ODD)]
    assert server.post(HOT, {**EXAMPLE, "OPERA": " "}).status_code == 200  # no reader would take it
    assert server.post(HOT, b"x").status_code == 422
    batch = server.post("/predict_delay_probabilities", [EXAMPLE, ODD])
    infer = server.post("/v2/models/flight_delay/infer", tensors([ODD, EXAMPLE]))
    assert {reply.status_code for reply in (*replies, batch, infer)} == {200}
    assert server.stop() == 0
    rows = kept(tmp_path / "log")
    said = [reply.json()["delay_probability"] for reply in replies]
    said += [each["delay_probability"] for each in batch.json()] + infer.json()["outputs"][0]["data"]
    assert [float(row["delay_probability"]) for row in rows] == pytest.approx(said, abs=1e-6)
    asked = [reply.headers["x-request-id"] for reply in (*replies, batch, batch, infer, infer)]
    assert [row["request_id"] for row in rows] == asked
    assert {row["model_version"] for row in rows} == {replies[0].headers["x-model-version"]}
    plain, odd = rows[0], rows[2]
    assert (plain["Fecha-I"], plain["OPERA"], plain["SIGLADES"]) == ("2017-11-27 13:00:00", "Sky Airline", "Calama")
    assert (odd["Fecha-I"], odd["OPERA"], odd["SIGLADES"]) == ("2017-07-01 00:30:59", ODD["OPERA"], ODD["SIGLADES"])
    times = [datetime.fromisoformat(row["time"]) for row in rows]
    assert times == sorted(times)


def test_a_binary_tensor_is_kept_too(servers: Callable[..., Any], tmp_path: Path) -> None:
    server = servers("--workers", 1, "--log-predictions", tmp_path / "log")
    blobs = [struct.pack("<I", len(EXAMPLE[field])) + EXAMPLE[field].encode() for field in FIELDS]
    inputs = [
        {"name": field, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(blob)}}
        for field, blob in zip(FIELDS, blobs, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    headers = {"inference-header-content-length": str(len(head))}
    url = server.url + "/v2/models/flight_delay/infer"
    assert httpx.post(url, content=head + b"".join(blobs), headers=headers).status_code == 200
    server.stop()
    assert [row["OPERA"] for row in kept(tmp_path / "log")] == ["Sky Airline"]


def test_a_share_is_kept_and_files_are_rotated(servers: Callable[..., Any], tmp_path: Path) -> None:
    flags = ("--log-predictions-sample", 0.5, "--log-predictions-bytes", 2000, "--log-predictions-keep", 3)
    server = servers("--workers", 1, "--log-predictions", tmp_path / "log", *flags)
    for _ in range(20):
        server.post("/predict_delay_probabilities", [EXAMPLE] * 100)
    assert server.stop() == 0
    files = list((tmp_path / "log").iterdir())
    assert len(files) == 3
    assert all(path.stat().st_size < 2000 + 100 * 64 for path in files)
    one = servers("--workers", 1, "--log-predictions", tmp_path / "all", "--log-predictions-sample", 0.5)
    one.post("/predict_delay_probabilities", [EXAMPLE] * 2000)
    one.stop()
    assert 800 < len(kept(tmp_path / "all")) < 1200


def test_a_folder_that_cannot_be_written_to_costs_no_reply(
    servers: Callable[..., Any], tmp_path: Path, wait_until: Callable[..., Any]
) -> None:
    """What could not be kept is counted, and the log goes on as soon as it can."""
    place = tmp_path / "log"
    place.write_text("a file is in the way")
    server = servers("--workers", 1, "--log-predictions", place)
    for _ in range(3):
        assert server.post(HOT, EXAMPLE).status_code == 200
    lost = 'atraso_predictions_dropped_total{why="disk"}'
    wait_until(lambda: counted(server, lost) == 3, server)
    assert server.log.read_text().count(f"predictions are not kept in {place}: ") == 1
    place.unlink()
    assert server.post(HOT, EXAMPLE).status_code == 200
    wait_until(lambda: place.is_dir() and any(path.stat().st_size for path in place.iterdir()), server)
    wait_until(lambda: kept(place), server)
    assert server.stop() == 0
    assert len(kept(place)) == 1


def test_names_are_kept_as_they_were_read(tmp_path: Path) -> None:
    """Flights as they flew have the tables' names: `outcomes` would find no other one among them."""
    log = PredictionLog(Keeping(tmp_path / "log", 1, 1 << 30, 0), "abc", Metrics(), FEATURES.name)
    body = json.dumps({**EXAMPLE, "OPERA": "SKY airline", "SIGLADES": "Nueva"}).encode()
    log.one(body, b'{"delay_probability": 0.5}', b"id")
    log.many(1, iter([["Latam", "São Paulo", "2017-01-01 10:00"]]), iter([0.5]), b"id")
    log.close()
    found = [(row["OPERA"], row["SIGLADES"]) for row in kept(tmp_path / "log")]
    assert found == [("Sky Airline", "Nueva"), ("Grupo LATAM", "Sao Paulo")]


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """What is more than the queue holds is counted, and nothing blocks."""
    metrics = Metrics()
    log = PredictionLog(Keeping(tmp_path / "log", 1, 1 << 30, 0), "abc", metrics)
    most = MAX_QUEUED // A_FLIGHT + 1
    log.many(most, iter([]), iter([]), b"too many")
    log.many(1, iter([["a", "b", "2017-01-01 10:00"]]), iter([0.5]), b"id")
    log.close()
    assert f'dropped_total{{why="queue"}} {most}\n'.encode() in render(metrics)
    assert [row["request_id"] for row in kept(tmp_path / "log")] == ["id"]


def run(*args: object) -> Any:
    return CliRunner().invoke(cli, [*map(str, args)])


def test_the_loop_closes(
    servers: Callable[..., Any], small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    """Serve -> log -> drift -> outcomes -> refresh -> a new bundle, which the service serves."""
    server = servers("--workers", 2, "--bundle", small_bundle.folder, "--log-predictions", tmp_path / "log")
    draw = random.Random(1)
    flights, flown = [], []
    for _ in range(600):
        when = datetime(2018, 1, 1) + timedelta(minutes=draw.randrange(365 * 24 * 60))
        opera = draw.choice(["Grupo LATAM", "Sky Airline", "Ñandú Air"])
        siglades = draw.choice(["Calama", "Lima", "Iquique"])
        flights.append({"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": f"{when}"})
        flown.append([when, opera, siglades, when + timedelta(minutes=40 if draw.random() < 0.3 else 5)])
    for start in range(0, 500, 100):
        assert server.post("/predict_delay_probabilities", flights[start : start + 100]).status_code == 200
    for one in [*flights[500:], *flights[500:550]]:  # some are asked for again
        assert server.post(HOT, one).status_code == 200
    assert server.stop() == 0
    assert len(kept(tmp_path / "log")) == 650

    ended = run("drift", "--bundle", small_bundle.folder, "--data", tmp_path / "log", "--json", tmp_path / "drift.json",
                "--picture", tmp_path / "drift.png", "--max-psi", 100)  # fmt: skip
    assert ended.exit_code == 0, ended.output
    assert "what happened is not known" in ended.output
    figures = json.loads((tmp_path / "drift.json").read_bytes())
    assert (figures["flights"], figures["delay_rate"], figures["auc"]) == (650, None, None)
    assert figures["unknown"] == {"OPERA": 0, "SIGLADES": 0}
    assert {check["what"].split()[0] for check in figures["checks"]} == {"PSI", "unknown"}
    assert (
        run("drift", "--bundle", small_bundle.folder, "--data", tmp_path / "log", "--max-psi", 0).exit_code == EXCEEDED
    )

    operated = tmp_path / "operated.csv"
    with operated.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Fecha-I", "OPERA", "SIGLADES", "Fecha-O"])
        rows.writerows(flown[:590])  # ten have not left yet
        rows.writerow(["2018-01-01 00:00:01", "Nobody", "asked", "2018-01-01 00:00:01"])
    joined = tmp_path / "joined.csv"
    told = run_export("outcomes", "--log", tmp_path / "log", "--data", operated, "--out", joined)
    assert "590 of 600 predicted flights have flown" in told
    ended = run("drift", "--bundle", small_bundle.folder, "--data", joined, "--max-psi", 100, "--min-auc", 0)
    assert "590 flights" in ended.output
    assert "AUC 0." in ended.output

    new = shutil.copytree(small_bundle.folder, tmp_path / "new")
    flags = ("--bundle", new, "--booster", small_bundle.booster_file)
    told = run_export("refresh", *flags, "--data", small_csv, "--data", joined)
    assert "now     version 2: 3,590 flights" in told
    reply = servers("--workers", 1, "--bundle", new).post(HOT, flights[0])
    assert reply.status_code == 200

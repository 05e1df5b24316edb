import asyncio
import json
import math
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from export import bundle as export_bundle
from export.graph.verify import random_flights
from service.api.contract import EXAMPLE
from service.api.errors import refusal
from service.api.flights.explanation import sentence, told
from service.model import bundle as bundles
from service.model.bundle import Table
from service.model.errors import TooManyFeatures
from service.model.evidence.counts import Count
from service.model.explain import Explainer
from service.model.keys import PARTS, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[4]
EXPLAIN = "/explain_delay_probability"


def test_every_flight_can_be_told_in_words() -> None:
    bundle = bundles.read(ROOT)
    explainer = Explainer(bundle.tables, Scorer(bundle))
    for flight in random_flights(export_bundle.read(ROOT).tables, 30):
        explanation = asyncio.run(explainer(flight))
        for evidence in (bundle.evidence, None):
            for feature in told(explanation, flight, bundle.tables, bundle.threshold, evidence)["variables"]:
                assert feature["frase"].endswith(".")


NBSP = "\N{NO-BREAK SPACE}"
WHEN = key_parts("Air Canada", "Calama", datetime(2017, 11, 27, 13))
FIVE = Count(50, 5)
TOLD = f"se atrasaron 5 de 50 vuelos (10{NBSP}%)."
SENTENCES = [
    (("OPERA",), FIVE, f"Air Canada: {TOLD}"),
    (("SIGLADES",), FIVE, f"Los vuelos a Calama: {TOLD}"),
    (("OPERA", "SIGLADES", "hora"), FIVE, f"Air Canada a Calama a las 13 h: {TOLD}"),
    (("OPERA", "SIGLADES", "HH:MM"), FIVE, f"Air Canada a Calama a las 13:00 h: {TOLD}"),
    (("FECHA", "periodo_dia"), FIVE, f"Los vuelos del 27 de noviembre de 2017 por la tarde: {TOLD}"),
    (("FECHA", "OPERA"), FIVE, f"Air Canada del 27 de noviembre de 2017: {TOLD}"),
    (("MES", "dia_semana"), FIVE, f"Los vuelos en noviembre los lunes: {TOLD}"),
    (("DIA", "temporada_alta"), FIVE, f"Los vuelos los días 27 en temporada baja: {TOLD}"),
    (("OPERA",), Count(20, 0), f"Air Canada: se atrasaron 0 de 20 vuelos (0{NBSP}%)."),
    (("OPERA",), Count(6, 4), "Air Canada: se atrasaron 4 de 6 vuelos, pocos datos."),
    (("OPERA",), Count(19, 1), "Air Canada: se atrasó 1 de 19 vuelos, pocos datos."),
    (("OPERA",), Count(1, 0), "Air Canada: se atrasaron 0 de 1 vuelo, pocos datos."),
    (("OPERA",), Count(0, 0), "Air Canada: no hay datos."),
    (("OPERA",), None, f"Air Canada: el modelo toma 19{NBSP}%."),
]  # fmt: skip
PLAIN = [
    ("hora", FIVE, f"Sale a las 13 h: {TOLD}"),
    ("hora", None, "Sale a las 13 h."),
    ("dia_semana", None, "Sale un lunes."),
    ("DIA", None, "Sale un día 27."),
]
PARTS_OF = dict(zip(PARTS, WHEN, strict=True))


def test_one_o_clock_is_singular() -> None:
    table = Table("x", ("SIGLADES", "hora"), 0.19, {}, 0.18)
    assert sentence(table, ["Lima", 1], 0.5, FIVE) == f"Los vuelos a Lima a la 1 h: {TOLD}"


@pytest.mark.parametrize(("key", "count", "expected"), SENTENCES)
def test_sentences(key: tuple[str, ...], count: Count | None, expected: str) -> None:
    """Whatever the table holds, which is smoothed: its value is told as no share of late flights."""
    table = Table("x", key, 0.19, {}, 0.18)
    assert sentence(table, [PARTS_OF[part] for part in key], 0.19, count) == expected


@pytest.mark.parametrize(("part", "count", "expected"), PLAIN)
def test_sentences_of_plain_numbers(part: str, count: Count | None, expected: str) -> None:
    own = PARTS_OF[part]
    table = Table(part, (part,), 0.0, {own: float(own)}, 10.0)
    assert sentence(table, [own], float(own), count) == expected


@pytest.mark.parametrize(("months", "told"), [(1, "en el último mes"), (3, "en los últimos 3 meses")])
def test_a_table_of_the_last_months_says_so(months: int, told: str) -> None:
    table = Table("x", ("OPERA",), 0.19, {}, 0.18)
    assert sentence(table, ["Sky"], 0.19, FIVE, months) == f"Sky, {told} de los datos: {TOLD}"


def test_what_is_missing_in_the_table_too_has_no_data() -> None:
    assert sentence(Table("x", ("OPERA",), math.nan, {}, 0.18), ["Sky"], math.nan, None) == "Sky: no hay datos."


def test_the_counts_are_told_beside_each_reason(server: Any) -> None:
    reply = server.post(EXPLAIN, {"OPERA": "JetSmart SPA", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2018-03-05 14:00"})
    found = {feature["nombre"]: feature for feature in reply.json()["variables"]}
    route = found["historical_delay_ratio_OPERA_SIGLADES_hora"]
    assert (route["vuelos"], route["atrasados"]) == (6, 4)
    assert route["frase"] == "JetSmart SPA a Lima a las 14 h: se atrasaron 4 de 6 vuelos, pocos datos."
    assert 0.2 < route["valor"] < 0.4  # smoothed
    day = found["historical_delay_ratio_FECHA"]
    assert (day["vuelos"], day["atrasados"]) == (0, 0)
    assert day["frase"] == "Los vuelos del 5 de marzo de 2018: no hay datos."


def test_a_bundle_without_counts_tells_none(servers: Callable[..., Any], first_format: Path) -> None:
    own = servers("--workers", 1, "--bundle", first_format)
    features = own.post(EXPLAIN, EXAMPLE).json()["variables"]
    assert {(feature["vuelos"], feature["atrasados"]) for feature in features} == {(None, None)}
    assert not any("vuelos (" in feature["frase"] or " de las veces" in feature["frase"] for feature in features)


@pytest.fixture(scope="module")
def first_format(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped bundle as it was before there were counts."""
    folder = tmp_path_factory.mktemp("first")
    shutil.copytree(ROOT / "tables", folder / "tables")
    shutil.copy(ROOT / "model.onnx", folder)
    (folder / "tables" / "evidence.json").unlink()
    path = folder / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    del manifest["evidence"]
    path.write_text(json.dumps({**manifest, "format": 1}))
    return folder


def test_over_http(server: Any) -> None:
    reply = server.post(EXPLAIN, EXAMPLE)
    assert reply.status_code == 200
    reply_fields = reply.json()
    assert set(reply_fields) == {"delay_probability", "clase", "umbral", "probabilidad_promedio", "variables"}
    assert (
        round(reply_fields["delay_probability"], 2)
        == server.post("/predict_delay_probability", EXAMPLE).json()["delay_probability"]
    )
    assert [feature["clave"] for feature in reply_fields["variables"]][:5] == [
        "13",
        "0",
        "Sky Airline",
        "Calama",
        "Sky Airline|Calama",
    ]
    assert "x-unknown" not in reply.headers


def test_an_unknown_airline_is_told(server: Any) -> None:
    reply = server.post(EXPLAIN, {**EXAMPLE, "OPERA": "<b>"})
    assert reply.headers["x-unknown"] == "OPERA"
    by_name = {feature["nombre"]: feature for feature in reply.json()["variables"]}
    assert by_name["historical_delay_ratio_OPERA"]["conocida"] is False
    assert by_name["historical_delay_ratio_SIGLADES"]["conocida"] is True


def test_a_wrong_flight_is_the_contracts_error(server: Any) -> None:
    reply = server.post(EXPLAIN, {**EXAMPLE, "OPERA": 3})
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", "OPERA"]


def test_too_many_features_are_told() -> None:
    error = refusal(TooManyFeatures(15, 14))
    assert error.status == 501
    assert "15 features; up to 14" in str(error.detail)


def test_too_many_explanations_that_wait_are_shed(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, "--max-explain-pending", 1)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            return await asyncio.gather(*(client.post(EXPLAIN, json=EXAMPLE) for _ in range(50)))

    replies = asyncio.run(ask())
    assert {reply.status_code for reply in replies} == {200, 503}
    assert {reply.headers.get("retry-after") for reply in replies} == {None, "1"}

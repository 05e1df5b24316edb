import asyncio
import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from export import bundle as export_bundle
from export.graph.drawn import random_flights
from service.api.contract import EXAMPLE
from service.api.errors import refusal
from service.api.flights.explanation import Explanations
from service.api.flights.sentences import Subject, calendar_day
from service.model import bundle as bundles
from service.model.bundle import Table
from service.model.errors import TooManyFeatures
from service.model.evidence.counts import Count
from service.model.explain.reasons import Reasoner
from service.model.explain.tables import Explainer
from service.model.keys import PARTS, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[4]
EXPLAIN = "/explain_delay_probability"
TABLES = EXPLAIN + "?detail=tables"


def test_every_flight_can_be_told_in_words() -> None:
    whole = bundles.read(ROOT)
    for bundle in (whole, replace(whole, evidence=None)):
        scorer = Scorer(bundle)
        explainer, reasoner = Explainer(bundle.tables, scorer), Reasoner(bundle, scorer)
        explanations = Explanations(bundle, reasoner)
        for flight in random_flights(export_bundle.read(ROOT).tables, 30):
            tables = explanations.by_table(asyncio.run(explainer(flight)), flight)
            inputs = explanations.by_input(asyncio.run(reasoner(flight)), flight)
            for told in all_told([tables, inputs]):
                assert told.endswith("."), told


def all_told(fields: Any) -> Iterator[str]:
    """Every `frase` in a reply."""
    if isinstance(fields, dict):
        yield from [fields["frase"]] if "frase" in fields else []
        fields = list(fields.values())
    for each in fields if isinstance(fields, list) else []:
        yield from all_told(each)


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
    assert Subject(table).sentence(["Lima", 1], 0.5, FIVE) == f"Los vuelos a Lima a la 1 h: {TOLD}"


@pytest.mark.parametrize(("key", "count", "expected"), SENTENCES)
def test_sentences(key: tuple[str, ...], count: Count | None, expected: str) -> None:
    """Whatever the table holds, which is smoothed: its value is told as no share of late flights."""
    table = Table("x", key, 0.19, {}, 0.18)
    assert Subject(table).sentence([PARTS_OF[part] for part in key], 0.19, count) == expected


@pytest.mark.parametrize(("part", "count", "expected"), PLAIN)
def test_sentences_of_plain_numbers(part: str, count: Count | None, expected: str) -> None:
    own = PARTS_OF[part]
    table = Table(part, (part,), 0.0, {own: float(own)}, 10.0)
    assert Subject(table).sentence([own], float(own), count) == expected


@pytest.mark.parametrize(("months", "told"), [(1, "en el último mes"), (3, "en los últimos 3 meses")])
def test_a_table_of_the_last_months_says_so(months: int, told: str) -> None:
    table = Table("x", ("OPERA",), 0.19, {}, 0.18)
    assert Subject(table, months).sentence(["Sky"], 0.19, FIVE) == f"Sky, {told} de los datos: {TOLD}"


@pytest.mark.parametrize(
    ("name", "used", "told"),
    [
        ("effect_OPERA", 0.35, "suma +0,35 al logaritmo de las chances"),
        ("effect_OPERA", -1.254, "suma \N{MINUS SIGN}1,25 al logaritmo de las chances"),
        ("minutes", 12.5, "toma 12,5"),
        ("x", 0.35, f"toma 35{NBSP}%"),
    ],
)
def test_what_is_no_share_is_told_as_none(name: str, used: float, told: str) -> None:
    table = Table(name, ("OPERA",), 0.0, {"Sky": used}, 0.0)
    assert Subject(table).sentence(["Sky"], used, None) == f"Sky: el modelo {told}."
    assert Subject(table).sentence(["Sky"], used, FIVE) == f"Sky: {TOLD}"


def test_a_calendar_of_log_odds_tells_counts_alone() -> None:
    told = [calendar_day("effect_dias_libres", "2018-01-01", -1.5, count) for count in (FIVE, None)]
    assert told[0] == f"En días como el 1 de enero de 2018, {TOLD}"
    assert told[1] == "El 1 de enero de 2018: el modelo suma \N{MINUS SIGN}1,50 al logaritmo de las chances."


def test_what_is_missing_in_the_table_too_has_no_data() -> None:
    assert Subject(Table("x", ("OPERA",), math.nan, {}, 0.18)).sentence(["Sky"], math.nan, None) == "Sky: no hay datos."


def test_the_counts_are_told_beside_each_table(server: Any) -> None:
    reply = server.post(TABLES, {"OPERA": "JetSmart SPA", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2018-03-05 14:00"})
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
    features = own.post(TABLES, EXAMPLE).json()["variables"]
    assert {(feature["vuelos"], feature["atrasados"]) for feature in features} == {(None, None)}
    assert not any("vuelos (" in feature["frase"] or " de las veces" in feature["frase"] for feature in features)
    reply = own.post(EXPLAIN, EXAMPLE).json()
    told = [reply["base"], *reply["motivos"], reply["registro_del_dia"]]
    assert {(each["vuelos"], each["atrasados"]) for each in told} == {(None, None)}
    assert reply["motivos"][0]["frase"] == "Sky Airline."
    assert adds_up(reply)


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


def adds_up(reply: Any) -> bool:
    record = reply["registro_del_dia"]
    parts = [reply["base"]["probabilidad"], *(reason["contribucion"] for reason in reply["motivos"])]
    before = reply["delay_probability"] - (record["contribucion"] if record else 0)
    return abs(sum(parts) - before) < 1e-6 and (not record or record["probabilidad_sin_registro"] == before)


INPUTS = ["aerolinea", "destino", "hora", "dia_semana", "fecha"]


def test_over_http(server: Any) -> None:
    reply = server.post(EXPLAIN, EXAMPLE)
    assert reply.status_code == 200
    fields = reply.json()
    assert list(fields) == ["delay_probability", "clase", "umbral", "base", "motivos", "registro_del_dia", "rango"]
    rounded = server.post("/predict_delay_probability", EXAMPLE).json()["delay_probability"]
    assert round(fields["delay_probability"], 2) == rounded
    assert [reason["entrada"] for reason in fields["motivos"]] == INPUTS
    assert [reason["valor"] for reason in fields["motivos"]] == ["Sky Airline", "Calama", 13, 0, "2017-11-27"]
    assert adds_up(fields)
    assert "x-unknown" not in reply.headers
    assert server.post(EXPLAIN + "?detail=inputs", EXAMPLE).json() == fields


def test_by_table_it_is_as_it_was(server: Any) -> None:
    fields = server.post(TABLES, EXAMPLE).json()
    assert list(fields) == ["delay_probability", "clase", "umbral", "probabilidad_promedio", "variables"]
    keys = [feature["clave"] for feature in fields["variables"]]
    assert keys[:5] == ["13", "0", "Sky Airline", "Calama", "Sky Airline|Calama"]
    assert fields["delay_probability"] == server.post(EXPLAIN, EXAMPLE).json()["delay_probability"]


@pytest.mark.parametrize("query", ["?detail=1", "?detail=", "?detail=TABLES", "?detail=tables&detail=x"])
def test_another_detail_is_told(server: Any, query: str) -> None:
    reply = server.post(EXPLAIN + query, EXAMPLE)
    assert reply.status_code == 422
    (told,) = reply.json()["detail"]
    assert (told["type"], told["loc"], told["msg"]) == (
        "enum",
        ["query", "detail"],
        "Input should be 'inputs' or 'tables'",
    )


def test_a_day_of_the_data_is_told_apart(server: Any) -> None:
    """What the day itself tells is hindsight: no reason has it, so the same hour of another week has the same ones.

    Both days are working days; but for its name, the date tells the same of both.
    """
    flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-01-05 21:00"}
    past = server.post(EXPLAIN, flight).json()
    later = server.post(EXPLAIN, {**flight, "FECHA_PROGRAMADA": "2018-01-04 21:00"}).json()
    assert later["registro_del_dia"] is None
    assert past["motivos"][:4] == later["motivos"][:4]
    assert [reply["motivos"][4]["valor"] for reply in (past, later)] == ["2017-01-05", "2018-01-04"]
    assert past["motivos"][4]["contribucion"] == later["motivos"][4]["contribucion"]
    record = past["registro_del_dia"]
    assert (record["fecha"], record["vuelos"], record["atrasados"]) == ("2017-01-05", 196, 27)
    assert record["probabilidad_sin_registro"] == later["delay_probability"]
    assert "quizás con este vuelo: se atrasaron 27 de 196 vuelos" in record["frase"]
    assert [each["clave"] for each in record["evidencia"]] == ["2017-01-05|noche", "2017-01-05|Sky Airline"]
    assert adds_up(past)
    assert adds_up(later)


def test_each_reason_has_its_evidence(server: Any) -> None:
    reply = server.post(EXPLAIN, {"OPERA": "JetSmart SPA", "SIGLADES": "Lima", "FECHA_PROGRAMADA": "2018-03-05 14:00"})
    airline, destination, hour, weekday, date = reply.json()["motivos"]
    assert airline["frase"] == f"JetSmart SPA: se atrasaron 196 de 1095 vuelos (18{NBSP}%)."
    assert (airline["vuelos"], airline["atrasados"], airline["pocos_datos"]) == (1095, 196, False)
    route = {each["clave"]: each for each in airline["evidencia"]}["JetSmart SPA|Lima"]
    assert (route["vuelos"], route["atrasados"], route["pocos_datos"]) == (6, 4, True)
    assert route["frase"] == "JetSmart SPA a Lima: se atrasaron 4 de 6 vuelos, pocos datos."
    assert [each["clave"] for each in hour["evidencia"]] == ["JetSmart SPA|14", "Lima|14", "JetSmart SPA|Lima|14"]
    assert weekday["evidencia"] == []
    assert (date["vuelos"], date["frase"]) == (None, "Los vuelos del 5 de marzo de 2018.")
    (working,) = date["evidencia"]
    assert (working["vuelos"], working["atrasados"]) == (47_687, 9_390)
    told = f"es un día hábil; en días así, se atrasaron 9390 de 47687 vuelos (20{NBSP}%)."
    assert working["frase"] == f"El 5 de marzo de 2018 {told}"
    assert destination["frase"].startswith("Los vuelos a Lima: se atrasaron ")
    assert "se atrasaron 12614 de 68206 (18,5" in reply.json()["base"]["frase"]


def test_an_unknown_airline_is_told(server: Any) -> None:
    reply = server.post(TABLES, {**EXAMPLE, "OPERA": "<b>"})
    assert reply.headers["x-unknown"] == "OPERA"
    by_name = {feature["nombre"]: feature for feature in reply.json()["variables"]}
    assert by_name["historical_delay_ratio_OPERA"]["conocida"] is False
    assert by_name["historical_delay_ratio_SIGLADES"]["conocida"] is True
    airline = server.post(EXPLAIN, {**EXAMPLE, "OPERA": "<b>"}).json()["motivos"][0]
    assert (airline["vuelos"], airline["frase"]) == (0, "<b>: no hay datos.")


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

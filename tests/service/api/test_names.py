import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import httpx
import pytest

from service.api.contract import EXAMPLE
from service.api.errors import InvalidRequest
from service.api.names import Names, Tally, headers_of
from service.model import bundle as bundles
from service.model.features import Features
from service.model.keys import Parts, key_parts, parse_time
from service.server.metrics import Metrics
from service.server.prometheus import render

BUNDLE = bundles.read(Path(__file__).resolve().parents[3])
FEATURES = Features(BUNDLE.tables, BUNDLE.names)

SPELLINGS = [
    ("OPERA", "sky airline", "Sky Airline"),
    ("OPERA", "SKY AIRLINE", "Sky Airline"),
    ("OPERA", "Sky Airline ", "Sky Airline"),
    ("OPERA", "\u00a0Sky\u00a0\u00a0Airline\ufeff", "Sky Airline"),
    ("OPERA", "LATAM", "Grupo LATAM"),
    ("OPERA", "Aeroméxico", "Aeromexico"),
    ("OPERA", "SKU", "Sky Airline"),
    ("OPERA", "klm", "K.L.M."),
    ("SIGLADES", "Concepción", "Concepcion"),
    ("SIGLADES", "Ciudad de Panamá", "Ciudad de Panama"),
    ("SIGLADES", normalize("NFD", "Ciudad de Panamá"), "Ciudad de Panama"),
    ("SIGLADES", "São Paulo", "Sao Paulo"),
    ("SIGLADES", "SCCF", "Calama"),
    ("SIGLADES", "Cataratas  Iguaçú", "Cataratas Iguacu"),
    ("SIGLADES", "castro", "Castro (Chiloe)"),
    ("SIGLADES", "Curitiba, BRA. ", "Curitiba, Bra."),
]

STRANGE = [
    "",
    " ",
    "\u0301",
    "\ufeff",
    "\0",
    "Sky\0",
    "x" * 256,
    "\ufdfa" * 256,
    "a\u0301" * 128,
    " " * 256,
    "air",
    "|",
]
"""What is nobody's name."""


def flight(opera: str, siglades: str = "Calama") -> Parts:
    return key_parts(opera, siglades, parse_time("2017-11-27 13:00"))


def asked(field: str, text: str) -> dict[str, str]:
    return {**EXAMPLE, "SIGLADES": "Lima", field: text}


def in_v2(asked: dict[str, str]) -> dict[str, Any]:
    return {"inputs": [{"name": k, "datatype": "BYTES", "shape": [1], "data": [v]} for k, v in asked.items()]}


ROUTES: dict[str, Callable[[dict[str, str]], Any]] = {
    "/predict_delay_probability": lambda asked: asked,
    "/explain_delay_probability": lambda asked: asked,
    "/predict_delay_probabilities": lambda asked: [asked],
    "/v2/models/flight_delay/infer": in_v2,
}


@pytest.fixture(scope="module")
def both(server: Any, servers: Callable[..., Any]) -> list[Any]:
    return [server, servers("--workers", 1, "--no-fast-lane")]


@pytest.mark.parametrize(("field", "text", "name"), SPELLINGS)
def test_a_name_as_people_write_it_is_read_on_every_route(both: list[Any], field: str, text: str, name: str) -> None:
    for server in both:
        for route, made in ROUTES.items():
            found, expected = (server.post(route, made(asked(field, value))) for value in (text, name))
            assert (found.status_code, found.json()) == (200, expected.json())
            told = f"{field}=1" if route in list(ROUTES)[2:] else f"{field}={quoted(name)}"
            assert found.headers["x-read-as"] == told
            assert not {"x-read-as", "x-unknown"} & {*expected.headers}
            assert "x-unknown" not in found.headers


def quoted(name: str) -> str:
    return str(httpx.QueryParams({"": name}))[1:].replace("+", "%20")


@pytest.mark.parametrize("text", STRANGE)
def test_what_is_nobodys_name_stays_unknown_on_every_route(both: list[Any], text: str) -> None:
    for server in both:
        for route, made in ROUTES.items():
            for field in ("OPERA", "SIGLADES"):
                reply = server.post(route, made(asked(field, text)))
                assert reply.status_code == 200
                assert reply.headers["x-unknown"] == field
                assert "x-read-as" not in reply.headers


def test_a_batch_tells_how_many_names_were_read_as_others(server: Any) -> None:
    """Each time: the names that were learned from the first one too."""
    named = [("OPERA", "latam"), ("SIGLADES", "Concepción"), ("OPERA", "sku"), ("OPERA", "Nueva")]
    meant = [("OPERA", "Grupo LATAM"), ("SIGLADES", "Concepcion"), ("OPERA", "Sky Airline"), ("OPERA", "Otra")]
    wanted = server.post("/predict_delay_probabilities", [asked(*each) for each in meant] * 1000).content
    for _ in range(3):
        reply = server.post("/predict_delay_probabilities", [asked(*each) for each in named] * 1000)
        assert reply.content == wanted
        assert reply.headers["x-read-as"] == "OPERA=2000, SIGLADES=1000"
        assert reply.headers["x-unknown"] == "OPERA"


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
def test_what_was_read_as_another_name_is_counted(servers: Callable[..., Any], flags: list[str]) -> None:
    server = servers("--workers", 1, *flags)
    for route, made in (*ROUTES.items(), *ROUTES.items()):
        server.post(route, made({**EXAMPLE, "OPERA": "latam", "SIGLADES": "Nueva"}))
    told = httpx.get(server.url + "/metrics").text
    for line in ('read_as_total{field="OPERA"} 8', 'read_as_total{field="SIGLADES"} 0'):
        assert f"atraso_{line}\n" in told
    for line in ('unknown_total{field="OPERA"} 0', 'unknown_total{field="SIGLADES"} 8'):
        assert f"atraso_{line}\n" in told


def test_strict_takes_what_can_be_read_and_tells_the_nearest_of_what_cannot(servers: Callable[..., Any]) -> None:
    strict = servers("--strict", "--workers", 1)
    for route, made in (*ROUTES.items(), *ROUTES.items()):
        assert strict.post(route, made(asked("OPERA", "sky airline"))).status_code == 200
        refused = strict.post(route, made(asked("OPERA", "sky arline")))
        assert refused.status_code in (400, 422)
        assert "x-read-as" not in refused.headers
    told = strict.post("/predict_delay_probability", asked("OPERA", "sky arline")).json()["detail"][0]
    assert told["msg"] == "OPERA is not one that the model knows; the nearest is 'Sky Airline'"
    assert told["input"] == "sky arline"
    told = strict.post("/predict_delay_probability", asked("SIGLADES", "sky airline")).json()["detail"][0]
    assert told["msg"] == "SIGLADES is not one that the model knows; none is near it"


def test_a_bundle_without_spellings_has_its_own_names_folded(servers: Callable[..., Any], tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    (tmp_path / "tables").mkdir()
    manifest = json.loads((root / "tables" / "manifest.json").read_bytes())
    del manifest["names"]
    for path in (*(root / "tables").iterdir(), root / "model.onnx"):
        (tmp_path / path.relative_to(root)).write_bytes(path.read_bytes())
    (tmp_path / "tables" / "names.json").unlink()
    (tmp_path / "tables" / "manifest.json").write_text(json.dumps(manifest))
    server = servers("--workers", 1, "--bundle", tmp_path)
    reply = server.post("/predict_delay_probability", {**EXAMPLE, "OPERA": "sky AIRLINE", "SIGLADES": "SCCF"})
    assert (reply.headers["x-read-as"], reply.headers["x-unknown"]) == ("OPERA=Sky%20Airline", "SIGLADES")


def test_known_names_are_not_read_any_further() -> None:
    assert Names(FEATURES, Metrics()).read(flight("Sky Airline"), ("body",)) is None


def test_what_no_table_knows_is_named_and_counted() -> None:
    metrics = Metrics()
    names = Names(FEATURES, metrics)
    reading = names.read(flight("Sky Airlin", "Calamar"), ("body",))
    assert reading is not None
    assert (reading.unknown, reading.read_as) == (("OPERA", "SIGLADES"), {})
    reading = names.read(flight("Sky Airlin", "CALAMA"), ("body",))
    assert reading is not None
    assert reading.flight == flight("Sky Airlin", "Calama")
    names.count(reading)
    told = render(metrics)
    assert b'atraso_unknown_total{field="OPERA"} 1\n' in told
    assert b'atraso_read_as_total{field="SIGLADES"} 1\n' in told


def test_strict_refuses_it() -> None:
    names = Names(FEATURES, Metrics(), strict=True)
    with pytest.raises(InvalidRequest, match="the nearest is 'Sky Airline'"):
        names.read(flight("Sky Airlin"), ("body",))


def test_what_is_near_no_name_is_told_without_one() -> None:
    names = Names(FEATURES, Metrics(), strict=True)
    with pytest.raises(InvalidRequest, match="OPERA is not one that the model knows; none is near it"):
        names.read(flight("0" * 256), ("body",))


def test_headers_are_there_where_something_is_to_be_told() -> None:
    assert headers_of(None) == {}
    assert Tally().headers() == {}
    reading = Names(FEATURES, Metrics()).read(flight("latam", "curitiba"), ("body",))
    assert headers_of(reading) == {"x-read-as": "OPERA=Grupo%20LATAM, SIGLADES=Curitiba%2C%20Bra."}
    reading = Names(FEATURES, Metrics()).read(flight("Nueva", "Nueva"), ("body",))
    assert headers_of(reading) == {"x-unknown": "OPERA, SIGLADES"}

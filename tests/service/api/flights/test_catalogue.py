import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from export.data.flights import read_flights
from service.api.contract import EXAMPLE, FIELDS
from service.api.flights.catalogue import catalogue
from service.model.bundle import BundleError, read

ROOT = Path(__file__).resolve().parents[4]


def test_the_catalogue_names_what_was_flown(server: Any, real_data: Path) -> None:
    told = httpx.get(server.url + "/catalogue").json()
    ids = read_flights(real_data).ids
    assert told["OPERA"] == sorted({opera for opera, _, _ in ids})
    assert told["SIGLADES"] == sorted({siglades for _, siglades, _ in ids})
    routes = {(opera, siglades) for opera, siglades, _ in ids}
    assert {(opera, siglades) for opera, some in told["rutas"].items() for siglades in some} == routes


def test_the_catalogue_tells_when_each_route_was_flown(server: Any, real_data: Path) -> None:
    told = httpx.get(server.url + "/catalogue").json()
    assert {airline: sorted(some) for airline, some in told["semanas"].items()} == told["rutas"]
    week = [0] * 168
    for opera, siglades, when in read_flights(real_data).ids:
        if (opera, siglades) == ("Grupo LATAM", "Lima"):
            week[when.weekday() * 24 + when.hour] += 1
    assert told["semanas"]["Grupo LATAM"]["Lima"] == week


def test_a_bundle_that_has_not_counted_tells_no_weeks() -> None:
    told = catalogue(read(ROOT).tables, {})
    assert (told["semanas"], told["datos"]) == ({}, None)


def test_the_catalogue_tells_of_when_its_flights_are(server: Any) -> None:
    data = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["data"]
    told = httpx.get(server.url + "/catalogue").json()["datos"]
    assert told == {"vuelos": data["rows"], "desde": data["from"], "hasta": data["to"]}


def test_the_catalogue_tells_how_names_may_be_written(server: Any) -> None:
    told = httpx.get(server.url + "/catalogue").json()
    assert told["nombres"]["OPERA"]["latam"] == "Grupo LATAM"
    for field, names in told["nombres"].items():
        assert set(names.values()) <= set(told[field])
        for text, name in names.items():
            reply = server.post("/predict_delay_probability", {**EXAMPLE, field: text.upper()})
            assert reply.headers.get("x-read-as") == (None if text.upper() == name else f"{field}={quote(name)}")


def test_the_flights_are_real_ones_with_what_happened(server: Any, real_data: Path) -> None:
    told = httpx.get(server.url + "/flights").json()
    assert 200 <= len(told) <= 500
    assert len({flight["id"] for flight in told}) == len(told)
    flights = read_flights(real_data)
    real = {
        (opera, siglades, str(when), bool(late))
        for (opera, siglades, when), late in zip(flights.ids, flights.delayed, strict=True)
    }
    for flight in told:
        assert (*(flight[field] for field in FIELDS), flight["atrasado"]) in real
        assert flight["atrasado"] == (flight["minutos_de_atraso"] > 15)
    replies = server.post("/predict_delay_probabilities", told)
    assert replies.status_code == 200
    assert "x-unknown" not in replies.headers


def test_the_sample_is_what_export_makes(real_data: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    run_export("sample", "--data", real_data, "--out", tmp_path / "flights.json")
    assert (tmp_path / "flights.json").read_bytes() == (ROOT / "flights.json").read_bytes()


def test_a_bundle_without_flights_has_none(small_bundle: Any, servers: Callable[..., Any]) -> None:
    own = servers("--workers", 1, "--bundle", small_bundle.folder)
    assert httpx.get(own.url + "/flights").json() == []
    assert httpx.get(own.url + "/catalogue").json()["SIGLADES"] == ["Calama", "Iquique", "Lima"]


@pytest.mark.parametrize("text", ["{", "{}"])
def test_damaged_flights_are_told(small_bundle: Any, tmp_path: Path, text: str) -> None:
    shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    (tmp_path / "bundle" / "flights.json").write_text(text)
    with pytest.raises(BundleError, match=r"flights\.json: it should hold a JSON list of flights"):
        read(tmp_path / "bundle")


def test_a_sample_of_few_flights_has_them_all(small_csv: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    few = tmp_path / "few.csv"
    few.write_text("".join(small_csv.read_text(encoding="utf-8").splitlines(keepends=True)[:4]), encoding="utf-8")
    run_export("sample", "--data", few, "--out", tmp_path / "flights.json")
    assert [flight["id"] for flight in json.loads((tmp_path / "flights.json").read_bytes())] == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=2", slice(0, 2)),
        ("limit=2&offset=1", slice(1, 3)),
        ("offset=3", slice(3, None)),
        ("limit=0", slice(0, 0)),
        ("limit=999999999", slice(0, None)),
        ("offset=999999999", slice(0, 0)),
        ("another=1", slice(0, None)),
    ],
)
def test_some_of_the_flights(server: Any, query: str, place: slice) -> None:
    reply = httpx.get(f"{server.url}/flights?{query}")
    assert (reply.status_code, reply.json()) == (200, httpx.get(server.url + "/flights").json()[place])
    again = httpx.get(f"{server.url}/flights?{query}", headers={"if-none-match": reply.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=two", "limit=", "offset=1.5", "offset=%D9%A1", "limit=1_0", "limit=1&limit=2",
              "offset=9999999999"],
)  # fmt: skip
def test_what_is_no_number_of_flights_is_told(server: Any, query: str) -> None:
    reply = httpx.get(f"{server.url}/flights?{query}")
    assert reply.status_code == 422
    (problem,) = reply.json()["detail"]
    assert problem["loc"] == ["query", query.partition("=")[0]]

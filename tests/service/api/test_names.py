from pathlib import Path

import pytest

from service.api.errors import InvalidRequest
from service.api.names import Names, unknown_header
from service.model import bundle as bundles
from service.model.features import Features
from service.model.keys import Parts, key_parts, parse_time
from service.server.metrics import Metrics
from service.server.prometheus import render

FEATURES = Features(bundles.read(Path(__file__).resolve().parents[3]).tables)


def flight(opera: str, siglades: str = "Calama") -> Parts:
    return key_parts(opera, siglades, parse_time("2017-11-27 13:00"))


def test_what_no_table_knows_is_named_and_counted() -> None:
    metrics = Metrics()
    names = Names(FEATURES, metrics)
    assert names.unknown(flight("Sky Airline"), ("body",)) == ()
    assert names.unknown(flight("Sky Airlin"), ("body",)) == ("OPERA",)
    assert names.unknown(flight("Sky Airlin", "Calamar"), ("body",)) == ("OPERA", "SIGLADES")
    names.count(("OPERA",))
    assert b'atraso_unknown_total{field="OPERA"} 1\n' in render(metrics)


def test_strict_refuses_it() -> None:
    names = Names(FEATURES, Metrics(), strict=True)
    assert names.unknown(flight("Sky Airline"), ("body",)) == ()
    with pytest.raises(InvalidRequest, match="the nearest is 'Sky Airline'"):
        names.unknown(flight("Sky Airlin"), ("body",))


def test_what_is_near_no_name_is_told_without_one() -> None:
    names = Names(FEATURES, Metrics(), strict=True)
    with pytest.raises(InvalidRequest, match="OPERA is not one that the model knows; none is near it"):
        names.unknown(flight("0" * 256), ("body",))


def test_the_header_is_there_where_something_is_unknown() -> None:
    assert unknown_header(()) == {}
    assert unknown_header(("OPERA", "SIGLADES")) == {"x-unknown": "OPERA, SIGLADES"}

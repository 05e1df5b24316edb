"""Looking many flights up at once gives what looking them up one after the other gives."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from bulk.scoring.lookup import DENSE, Lookup
from bulk.scoring.when import read_when
from service.model import bundle as bundles
from service.model.bundle import Bundle, Key, Table
from service.model.features import Features
from service.model.keys import PARTS, key_parts, time_parts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return bundles.read(ROOT)


def test_all_real_flights_have_the_service_s_rows(bundle: Bundle, real_texts: list[tuple[str, str, str]]) -> None:
    features = Features(bundle.tables, bundle.names)
    found = Lookup(features, bundle.tables)(*(pa.array(column) for column in zip(*real_texts, strict=True)))
    assert found.good.all()
    assert not found.unknown.any()
    expected = b"".join(features.row((opera, siglades, *time_parts(when))) for opera, siglades, when in real_texts)
    assert found.matrix.tobytes() == expected


def test_a_table_too_large_for_an_array_is_searched() -> None:
    key = ("FECHA", "OPERA", "SIGLADES", "hora", "MES", "DIA")
    days = [f"2017-01-{day:02}" for day in range(1, 32)]
    values: dict[Key, float] = {(day, f"a{n}", f"b{n}", n, 1, n + 1): n / 7 for day in days for n in range(10)}
    table = Table("large", key, 0.5, values, 0.5)
    features = Features([table])
    flights = [(f"a{n % 12}", f"b{n % 12}", f"2017-01-{1 + n % 12:02} {n % 12:02}:30") for n in range(50)]
    assert DENSE < 32 * 11 * 11 * 25 * 13 * 32
    found = Lookup(features, [table])(*(pa.array(column) for column in zip(*flights, strict=True)))
    assert found.matrix.tobytes() == b"".join(features.row((a, b, *time_parts(when))) for a, b, when in flights)
    assert (found.matrix != 0.5).any()
    assert found.unknown.tolist() == [3 * (n % 12 > 9) for n in range(50)]


def test_a_table_of_any_part_is_looked_up() -> None:
    """Each gets its value from where the flight has it, the date or the time of day."""
    when = "2017-09-18 13:45"
    for place, part in enumerate(PARTS):
        value = ("a", "b", *time_parts(when))[place]
        table = Table(part, (part,), 0.25, {value: 0.75}, 0.25)
        found = Lookup(Features([table]), [table])(pa.array(["a"]), pa.array(["b"]), pa.array([when]))
        assert found.matrix.tolist() == [[0.75]], part


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"])
def test_every_hour_of_many_years_has_its_parts(form: str) -> None:
    """What a date gives and what a time of day gives do not depend on each other."""
    hours = [datetime(2000, 1, 1) + timedelta(hours=n) for n in range(8 * 366 * 24)]
    for start in range(0, len(hours), 1 << 16):
        some = hours[start : start + (1 << 16)]
        found = read_when(pa.array([when.strftime(form) for when in some]))
        assert found.good.all()
        for when, date, clock in zip(some, found.date.tolist(), found.clock.tolist(), strict=True):
            day, hour = found.dates[date], found.clocks[clock]
            assert (*day[:4], hour[4], hour[5], day[6], hour[7]) == key_parts("", "", when)[2:]


@pytest.mark.parametrize(
    "text",
    [
        "2017-01-01 10:00:00", "2017-01-01T10:00", "2017-01-01 10:00+03", "2017-01-01 10:00:00Z", "2017-01-01",
        "2017-02-29 10:00:00", "2017-01-01 24:00:00", "2017-01-01x10:00:00", "2017/01/01 10:00:00", "",
        "2017-1-01 10:00",
        "2017-01-01 10:00:00.5", "2017-01-01 10:00,5", "0000-01-01 00:00:00", "2017-01-01 1:000:00", "२017-01-01 10:00",
        "9999-12-31 23:59:59-05", "2017-01-01 10:00:60", "2017-W01-1 10:00:00", "2017-01-01\t10:00:00",
    ],
)  # fmt: skip
def test_a_time_is_read_as_the_api_reads_it(text: str) -> None:
    found = read_when(pa.array(["2017-05-05 05:05:05", text, "2017-05-05 05:05"]))
    try:
        parts = time_parts(text)
    except ValueError:
        assert found.good.tolist() == [True, False, True]
        return
    assert found.good.all()
    day, hour = found.dates[found.date[1]], found.clocks[found.clock[1]]
    assert (*day[:4], hour[4], hour[5], day[6], hour[7]) == parts
    assert found.date.dtype == np.int32

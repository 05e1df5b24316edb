"""The reader gives the very row that Python gives, or none: fast or nothing."""

import csv
import gzip
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import native
from service.api.contract import EXAMPLE, FIELDS, Replies, parse_batch, parse_flight
from service.api.errors import InvalidRequest
from service.api.served import Native
from service.model.bundle import Bundle, Table
from service.model.features import NAMED, Features
from service.model.keys import DOMAINS, PARTS, key_parts

BODY = json.dumps(EXAMPLE).encode()
SAME = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def expected(body: bytes, features: Features) -> bytes | None:
    """The row of a flight that Python finds nothing odd about, else None."""
    try:
        flight = parse_flight(body)
    except InvalidRequest:
        return None
    return None if features.unknown(flight) else features.row(flight)


def agree(body: bytes, reader: Any, features: Features) -> bool:
    """Whether it was read; what was read is as Python reads it."""
    row = reader.row(body)
    assert row is None or row == expected(body, features), body
    return row is not None


def written(opera: str, siglades: str, when: str) -> bytes:
    return orjson.dumps(dict(zip(FIELDS, (opera, siglades, when), strict=True)))


def test_it_knows_the_parts_that_python_knows(parts: Native) -> None:
    """A part that is added to `keys.PARTS` has to be added to `native/src/tables.rs`, and to `when.rs`."""
    assert tuple(parts.reader.PARTS) == PARTS


def test_every_hour_of_many_years_has_pythons_parts(parts: Native, shipped: Bundle) -> None:
    """One table for each part of a time, whose value is the part itself; leap years, seasons and periods among them."""
    tables = [
        Table(name, (name,), -1.0, {value: float(place) for place, value in enumerate(DOMAINS[name])}, 0.0)
        for name in PARTS[3:]
    ]
    start, days = datetime(1999, 1, 1), 40 * 366
    dates = {(start + timedelta(days=day)).date().isoformat(): float(day) for day in range(days)}
    tables.append(Table("FECHA", ("FECHA",), -1.0, dict(dates), 0.0))
    made = native.native_of(tables, Replies(0.5), 0)
    features = Features(tables)
    assert made
    for hour in range(0, days * 24, 5):
        when = (start + timedelta(hours=hour, minutes=hour // 5 % 60)).isoformat(" ")
        body = written("any", "any", when)
        assert made.reader.row(body) == expected(body, features), when


def test_plain_flights_are_read(parts: Native, shipped: Bundle, features: Features) -> None:
    """A reader that always declines would agree with everything."""
    forms = ("2017-11-27 13:00:00", "2017-11-27T13:00:00", "2017-11-27 13:00", "2031-02-28T00:59", "2032-02-29 23:59")
    for opera in features.known["OPERA"]:
        for siglades in features.known["SIGLADES"]:
            for when in forms:
                assert agree(written(opera, siglades, when), parts.reader, features)


ODD: dict[str, bytes] = {
    "an unknown name": written("Nueva", "Calama", "2017-11-27 13:00"),
    "another spelling": written("sky airline", "Calama", "2017-11-27 13:00"),
    "an escape": BODY.replace(b"Sky", rb"\u0053ky"),
    "an extra key": BODY.replace(b"{", b'{"x": "y", '),
    "a key twice": BODY.replace(b"{", b'{"OPERA": "Avianca", '),
    "a key missing": b'{"OPERA": "Sky Airline", "SIGLADES": "Calama"}',
    "a number": BODY.replace(b'"Calama"', b"1"),
    "null": BODY.replace(b'"Calama"', b"null"),
    "a list": BODY.replace(b'"Calama"', b'["Calama"]'),
    "an offset": written("Sky Airline", "Calama", "2017-11-27 13:00:00Z"),
    "a fraction": written("Sky Airline", "Calama", "2017-11-27 13:00:00.5"),
    "no such day": written("Sky Airline", "Calama", "2017-02-29 13:00:00"),
    "no such hour": written("Sky Airline", "Calama", "2017-02-28 24:00:00"),
    "no such second": written("Sky Airline", "Calama", "2017-02-28 23:00:60"),
    "a day beyond the calendar": written("Sky Airline", "Calama", "2038-01-01 13:00"),
    "year 0": written("Sky Airline", "Calama", "0000-02-28 23:00:00"),
    "other digits": written("Sky Airline", "Calama", "\uff12017-02-28 23:00"),
    "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "no UTF-8": BODY.replace(b"Sky", b"S\xffy"),
    "something behind it": BODY + b"x",
    "a comma at its end": BODY[:-1] + b",}",
    "a NUL": BODY + b"\0",
    "a form feed": b"\f" + BODY,
    "nothing": b"",
    "an array": b"[" + BODY + b"]",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_is_odd_is_left_to_python(body: bytes, parts: Native) -> None:
    assert parts.reader.row(body) is None


def test_a_body_damaged_at_each_byte(parts: Native, features: Features) -> None:
    for body in (BODY, written("Grupo LATAM", "Antofagasta", "2017-07-01T00:30")):
        for at in range(len(body)):
            for byte in range(256):
                agree(body[:at] + bytes([byte]) + body[at + 1 :], parts.reader, features)
            agree(body[:at], parts.reader, features)
            agree(body[:at] + body[at + 1 :], parts.reader, features)
            agree(body[:at] + body[at : at + 1] + body[at:], parts.reader, features)


NAMES = st.sampled_from(["Sky Airline", "Grupo LATAM", "Nueva", "sky airline", "Sky Airline ", "", "Ñandú"]) | st.text(
    max_size=12
)
WHENS = (
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).flatmap(
        lambda when: st.sampled_from(
            [when.isoformat(" ", "seconds"), when.isoformat("T", "minutes"), when.isoformat(), f"{when:%Y-%m-%d}"]
        )
    )
    | st.from_regex(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?", fullmatch=True)
    | st.text(max_size=20)
)
VALUES = NAMES | WHENS | st.none() | st.integers() | st.booleans() | st.lists(NAMES, max_size=2)
OBJECTS = st.fixed_dictionaries({"OPERA": NAMES, "SIGLADES": st.just("Calama") | NAMES, "FECHA_PROGRAMADA": WHENS}) | (
    st.dictionaries(st.sampled_from([*FIELDS, "x", "OPERA "]), VALUES, max_size=5)
)


@SAME
@given(OBJECTS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_any_object(parts: Native, features: Features, value: Any, indent: Any, ascii_only: bool) -> None:
    agree(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(), parts.reader, features)


@SAME
@given(st.data())
def test_any_mutation(parts: Native, features: Features, data: st.DataObject) -> None:
    """Pieces of bodies put together anyhow."""
    pieces = st.sampled_from([BODY, b"{", b"}", b'"', b"\\", b":", b",", b" ", b'"OPERA"', b'"Calama"', b"\n", b"\xff"])
    body = bytearray(BODY)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        end = at + data.draw(st.integers(0, 12))
        body[at:end] = data.draw(pieces)
    agree(bytes(body), parts.reader, features)


@pytest.mark.parametrize("name", ["x" * 256, "x" * 257, "ñ" * 128, "ñ" * 200, "a|b", 'quoted "x"', "back\\slash"])
def test_names_of_any_kind_in_the_tables(name: str, shipped: Bundle) -> None:
    table = Table("a", ("OPERA",), 0.5, {name: 0.25, "other": 0.75}, 0.5)
    made, features = native.native_of([table], Replies(0.5), 0), Features([table])
    if not made:
        pytest.skip("the Rust module is of no use")
    body = written(name, "any", "2017-11-27 13:00")
    agree(body, made.reader, features)
    assert agree(written("other", "any", "2017-11-27 13:00"), made.reader, features)


def test_tables_beyond_it_are_left_to_python(shipped: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    """Keys of so many values that a 64-bit number does not tell them apart."""
    names = [{f"{field}{n}": 0.1 for n in range(60_000)} for field in ("a", "b")]
    dates = {f"{year:04}-{month:02}-{day:02}": 0.1 for year in range(1, 9999) for month in (1, 2) for day in (1, 9)}
    tables = [
        Table("a", ("OPERA",), 0.0, dict(names[0]), 0.0),
        Table("b", ("SIGLADES",), 0.0, dict(names[1]), 0.0),
        Table("c", ("FECHA",), 0.0, dict(dates), 0.0),
        Table("d", PARTS, 0.0, {}, 0.0),
    ]
    if native.missing():
        pytest.skip("the Rust module is of no use")
    assert native.native_of(tables, Replies(0.5), 0) is None
    assert "a key of so many values" in caplog.text


def test_missing_values_and_minus_zero_keep_their_bits(shipped: Bundle) -> None:
    tables = [
        Table("a", ("OPERA",), float("nan"), {"x": -0.0, "y": float("nan"), "z": 1e-45}, 0.0),
        Table("b", ("hora", "OPERA"), -0.0, {(13, "x"): 3.4028234e38}, 0.0),
    ]
    made, features = native.native_of(tables, Replies(0.5), 0), Features(tables)
    if not made:
        pytest.skip("the Rust module is of no use")
    for name in "xyz":
        assert agree(written(name, "any", "2017-11-27 13:00"), made.reader, features)


def check_many(bodies: list[bytes], made: Native, features: Features) -> int:
    """Singles, a batch and columns give the same rows; how many of the flights were read."""
    size = features.row_size
    batch = made.reader.rows(b"[" + b",\n".join(bodies) + b"]", len(bodies))
    assert batch
    rows, others, counts = batch
    assert not any(counts)
    columns = [[orjson.loads(body)[field] for body in bodies] for field in FIELDS]
    told, left = made.reader.columns(*columns)
    assert [place for place, _ in others] == left
    assert rows == told
    skipped = dict(others)
    for place, body in enumerate(bodies):
        row = bytes(rows[place * size : (place + 1) * size])
        if place in skipped:
            assert skipped[place] == body
            assert made.reader.row(body) is None
        else:
            assert made.reader.row(body) == row == expected(body, features)
    return len(bodies) - len(others)


def test_the_real_flights(parts: Native, features: Features, real_data: Path) -> None:
    with (gzip.open if real_data.suffix == ".gz" else open)(real_data, "rt", encoding="utf-8") as file:
        flights = [(row["OPERA"], row["SIGLADES"], row["Fecha-I"]) for row in csv.DictReader(file)]
    bodies = [written(*flight) for flight in flights]
    assert check_many(bodies, parts, features) == len(bodies) > 68_000


def test_random_flights(parts: Native, features: Features) -> None:
    draw = random.Random(7)
    operas, destinations = (sorted(features.known[part]) for part in ("OPERA", "SIGLADES"))
    start = datetime(2015, 1, 1)
    bodies = [
        written(
            draw.choice([*operas, "Nueva"]),
            draw.choice([*destinations, "Ñuble"]),
            (start + timedelta(minutes=draw.randrange(20 * 366 * 24 * 60))).isoformat(draw.choice(" T"), "minutes"),
        )
        for _ in range(100_000)
    ]
    assert check_many(bodies, parts, features) > 80_000  # the others are beyond the calendar, or of another form


@SAME
@given(st.lists(OBJECTS | VALUES, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_any_array(parts: Native, features: Features, values: list[Any], indent: Any, ascii_only: bool) -> None:
    """What is read, or left flight by flight, is what Python's reader finds in the array."""
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    read = parts.reader.rows(body, 3)
    if read is None:
        return
    rows, others, _ = read
    flights = parse_batch(body, 3)
    left = dict(others)
    assert len(rows) == len(flights) * features.row_size
    for place, flight in enumerate(flights):
        if place in left:
            assert orjson.loads(left[place]) == flight
        else:
            row = bytes(rows[place * features.row_size : (place + 1) * features.row_size])
            assert row == expected(orjson.dumps(flight), features)


def test_names_that_were_learned_are_read(shipped: Bundle, features: Features) -> None:
    """As Python reads them: an unknown name's row is that of no key, and another spelling's that of its name."""
    made = native.native_of(shipped.tables, Replies(0.5), 0)
    if not made:
        pytest.skip("the Rust module is of no use")
    known = {part: sorted(features.known[part]) for part in NAMED}
    odd = {"OPERA": [" sky airline", "Nueva", "Ñandú"], "SIGLADES": ["CALAMA", "Nowhere", "lima"]}
    written_as = [
        (opera, siglades)
        for opera in [*known["OPERA"], *odd["OPERA"]]
        for siglades in [*known["SIGLADES"], *odd["SIGLADES"]]
    ]
    bodies = [written(*names, "2017-11-27 13:00") for names in written_as]
    body = b"[" + b",".join(bodies) + b"]"
    left = made.reader.rows(body, len(bodies))
    assert left
    assert {place for place, _ in left[1]} == {
        place
        for place, names in enumerate(written_as)
        if any(name not in features.known[part] for part, name in zip(NAMED, names, strict=True))
    }
    for part, names in odd.items():
        for name in names:
            made.reader.learn(part, name, features.find(part, name))
    read = made.reader.rows(body, len(bodies))
    assert read
    rows, others, counts = read
    assert others == []
    size = features.row_size
    wanted = [0, 0, 0, 0]
    for place, names in enumerate(written_as):
        found = [features.name(part, name) for part, name in zip(NAMED, names, strict=True)]
        row = bytes(rows[place * size : (place + 1) * size])
        assert row == features.row(key_parts(*found, datetime(2017, 11, 27, 13))), names
        for number, (part, name) in enumerate(zip(NAMED, found, strict=True)):
            if name not in features.known[part]:
                wanted[number] += 1
            elif name != names[number]:
                wanted[2 + number] += 1
    assert counts == wanted
    assert all(counts)
    made.reader.learn("OPERA", "Otra", "no name of the tables")
    made.reader.learn("HORA", "Otra", None)
    assert len(made.reader.rows(b"[" + written("Otra", "Calama", "2017-11-27 13:00") + b"]", 1)[1]) == 1  # type: ignore[index]
    assert made.reader.row(bodies[-1]) is None  # a single one is told in headers, which is Python's


def test_names_that_are_learned_are_bounded(shipped: Bundle) -> None:
    made = native.native_of(shipped.tables, Replies(0.5), 0)
    if not made:
        pytest.skip("the Rust module is of no use")
    names = [f"Nueva {number}" for number in range(5000)]
    for name in names:
        made.reader.learn("OPERA", name, None)
    read = made.reader.rows(
        b"[" + b",".join(written(name, "Calama", "2017-11-27 13:00") for name in names) + b"]", 5000
    )
    assert read
    assert 0 < read[2][0] <= 1024


def test_columns_with_what_is_no_text_of_unicode(parts: Native) -> None:
    rows, left = parts.reader.columns(["\ud800", "Sky Airline"], ["Calama"] * 2, ["2017-11-27 13:00"] * 2)
    assert (len(rows), left) == (96, [0])
    with pytest.raises(ValueError, match="several lengths"):
        parts.reader.columns(["a"], [], [])


def test_another_interface_is_not_used(monkeypatch: pytest.MonkeyPatch, parts: Native, shipped: Bundle) -> None:
    monkeypatch.setattr(native, "INTERFACE", native.INTERFACE + 1)
    assert "make native" in str(native.missing())
    assert native.native_of(shipped.tables, Replies(0.5), 0) is None


def test_without_the_module_python_does_all(monkeypatch: pytest.MonkeyPatch, shipped: Bundle) -> None:
    monkeypatch.setattr(native, "atraso_native", None)
    assert "make native" in str(native.missing())
    assert native.native_of(replace(shipped).tables, Replies(0.5), 0) is None

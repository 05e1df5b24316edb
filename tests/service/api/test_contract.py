from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.contract import (
    EXAMPLE,
    MAX_TEXT,
    Replies,
    check_flight,
    json_start,
    parse_batch,
    parse_flight,
)
from service.api.errors import InvalidRequest, error_body
from service.model.keys import key_parts, parse_time, time_parts

WHEN = "2017-11-27 13:00:00"


def flight(**changes: Any) -> bytes:
    return orjson.dumps({name: value for name, value in {**EXAMPLE, **changes}.items() if value is not ...})


def test_parses_the_example() -> None:
    assert parse_flight(flight()) == key_parts("Sky Airline", "Calama", parse_time(WHEN))


def test_ignores_extra_fields_and_takes_the_last_of_a_repeated_one() -> None:
    assert parse_flight(flight(TIPOVUELO="N")) == parse_flight(flight())
    assert parse_flight(flight().replace(b"{", b'{"OPERA":"Other",', 1)) == parse_flight(flight())


def test_takes_a_name_with_nul_as_any_other() -> None:
    assert parse_flight(flight(OPERA="Sky\0"))[0] == "Sky\0"


BAD = {
    "empty": (b"", "missing", ["body"], "Field required", None),
    "not JSON": (b"hola", "json_invalid", ["body", 0], "JSON decode error", {}),
    "cut": (b'{"OPERA": "Sky', "json_invalid", ["body", 14], "JSON decode error", {}),
    "NaN": (b'{"OPERA": NaN}', "json_invalid", ["body", 10], "JSON decode error", {}),
    "cut UTF-8": ('{"OPERA": "Ñ'.encode()[:-1] + b'"}', "json_invalid", ["body", ...], "JSON decode error", {}),
    "lone surrogate": (rb'{"OPERA": "\ud800"}', "json_invalid", ["body", ...], "JSON decode error", {}),
    "a list": (b"[1]", "model_attributes_type", ["body"], "valid dictionary", [1]),
    "a text": (b'"x"', "model_attributes_type", ["body"], "valid dictionary", "x"),
    "null": (b"null", "model_attributes_type", ["body"], "valid dictionary", None),
    "missing": (flight(OPERA=...), "missing", ["body", "OPERA"], "Field required", orjson.loads(flight(OPERA=...))),
    "field null": (flight(OPERA=None), "string_type", ["body", "OPERA"], "valid string", None),
    "number": (flight(SIGLADES=7), "string_type", ["body", "SIGLADES"], "valid string", 7),
    "time a number": (flight(FECHA_PROGRAMADA=1.5), "string_type", ["body", "FECHA_PROGRAMADA"], "valid string", 1.5),
    "long name": (flight(OPERA="x" * 100_000), "string_too_long", ["body", "OPERA"], "256 char", "x" * 256 + "…"),
    "no such time": (
        flight(FECHA_PROGRAMADA="2017-13-40 99:99:99"), "datetime_parsing", ["body", "FECHA_PROGRAMADA"],
        "Input should be a valid datetime, YYYY-MM-DD HH:MM[:SS]: month must be in 1..12", "2017-13-40 99:99:99"),
    "no time": (
        flight(FECHA_PROGRAMADA="2017-11-27"), "datetime_parsing", ["body", "FECHA_PROGRAMADA"],
        "a date without a time", "2017-11-27"),
    "no such form": (
        flight(FECHA_PROGRAMADA="27-11-2017 13:00"), "datetime_parsing", ["body", "FECHA_PROGRAMADA"],
        "Input should be a valid datetime: it is not of the form YYYY-MM-DD HH:MM[:SS]", "27-11-2017 13:00"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "loc", "message", "echo"), BAD.values(), ids=BAD)
def test_says_what_is_wrong_and_where(body: bytes, kind: str, loc: list[Any], message: str, echo: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_flight(body)
    (problem,) = orjson.loads(error_body(caught.value.detail))["detail"]
    assert problem["type"] == kind
    assert [found if wanted is not ... else wanted for found, wanted in zip(problem["loc"], loc, strict=True)] == loc
    assert message in problem["msg"]
    assert problem["input"] == echo


def test_lists_every_problem_of_a_flight() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_flight(b'{"OPERA": 1, "FECHA_PROGRAMADA": "hoy"}')
    assert [(p["type"], p["loc"][-1]) for p in caught.value.detail] == [
        ("string_type", "OPERA"),
        ("missing", "SIGLADES"),
        ("datetime_parsing", "FECHA_PROGRAMADA"),
    ]


def test_an_error_repeats_only_the_start_of_a_large_input() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_flight(orjson.dumps({"x": "y" * 10_000}))
    assert all(len(problem["input"]) == MAX_TEXT + 1 for problem in caught.value.detail)


DEEP = {
    f"{depth} {place}": before + b"[" * depth + b"]" * depth + after
    for depth in (255, 300, 900)
    for place, before, after in (
        ("alone", b"", b""),
        ("as a name", b'{"OPERA":', b"}"),
        ("as a time", b'{"OPERA":"a","SIGLADES":"b","FECHA_PROGRAMADA":', b"}"),
        ("in objects", b'{"OPERA":' + b'{"a":' * 100, b"}" * 101),
    )
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_what_is_nested_deeper_than_orjson_writes_is_a_problem_like_any_other(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_flight(body)
    assert all(len(orjson.dumps(problem)) < 1000 for problem in caught.value.detail)


@given(st.deferred(lambda: JSON), st.integers(0, 300))
def test_the_start_of_a_values_json_is_what_orjson_writes(value: Any, most: int) -> None:
    whole, start = orjson.dumps(value).decode(), json_start(value, most)
    assert start[:most] == whole[:most]
    assert (start == whole) == (len(whole) <= most) or len(start) > most


def test_a_long_time_is_refused_and_none_is_remembered() -> None:
    before = time_parts.cache_info().currsize
    for digits in (10, 200):
        assert parse_flight(flight(FECHA_PROGRAMADA=f"{WHEN}.{'0' * digits}1")) == parse_flight(flight())
    with pytest.raises(InvalidRequest, match="string_too_long"):
        parse_flight(flight(FECHA_PROGRAMADA=f"{WHEN}.{'0' * 2_000_000}"))
    assert time_parts.cache_info().currsize <= before + 2


def test_json_that_takes_long_to_read_is_not_read() -> None:
    many = b"[" + b"[]," * 300_000 + b"[]]"
    for parse in (parse_flight, lambda body: parse_batch(body, 10_000)):
        with pytest.raises(InvalidRequest, match="too_many_values"):
            parse(many)
    with pytest.raises(InvalidRequest, match="1016 colons"):
        parse_flight(orjson.dumps({str(number): 0 for number in range(2000)}))
    assert len(parse_batch(orjson.dumps([{"x": [{}, []]}] * 10_000), 10_000)) == 10_000
    assert parse_flight(flight(x=[[]] * 900)) == parse_flight(flight())


def test_batch_is_a_list_within_the_limit() -> None:
    assert parse_batch(b"[]", 0) == []
    assert parse_batch(b"[1, 2]", 2) == [1, 2]
    with pytest.raises(InvalidRequest, match="list_type"):
        parse_batch(flight(), 2)
    with pytest.raises(InvalidRequest, match="at most 2 items after validation, not 3"):
        parse_batch(b"[1, 2, 3]", 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**63), 2**64 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*EXAMPLE, "x"]), inner),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_a_flight_or_a_listed_problem(value: Any) -> None:
    problems: list[Any] = []
    try:
        parts = check_flight(value, ("body",))
    except InvalidRequest as error:
        problems = orjson.loads(error_body(error.detail))["detail"]
    assert problems or parts[:2] == (value["OPERA"], value["SIGLADES"])


@given(st.binary())
def test_any_bytes_are_a_flight_or_a_listed_problem(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_flight(body)


@pytest.mark.parametrize(
    ("probability", "threshold", "reply"),
    [
        (0.0, 0.5, b'{"delay_probability":0.0,"clase":["Baja probabilidad de atraso"]}'),
        (0.1449, 0.5, b'{"delay_probability":0.14,"clase":["Baja probabilidad de atraso"]}'),
        (0.5, 0.5, b'{"delay_probability":0.5,"clase":["Baja probabilidad de atraso"]}'),
        (0.5004, 0.5, b'{"delay_probability":0.5,"clase":["Alta probabilidad de atraso"]}'),
        (0.07, 0.05, b'{"delay_probability":0.07,"clase":["Alta probabilidad de atraso"]}'),
        (1.0, 0.5, b'{"delay_probability":1.0,"clase":["Alta probabilidad de atraso"]}'),
    ],
)
def test_replies(probability: float, threshold: float, reply: bytes) -> None:
    assert Replies(threshold)(probability) == reply


@given(st.floats(0, 1))
def test_replies_round_to_hundredths(probability: float) -> None:
    assert abs(orjson.loads(Replies(0.5)(probability))["delay_probability"] - probability) <= 0.005 + 1e-12

"""JSON bytes -> checked flights, and probability -> reply bytes.

The names, types and messages are those that FastAPI gave the clients of the first service. Nothing here
knows tables, models or sockets.
"""

from collections.abc import Iterator
from mmap import mmap
from typing import Any

import orjson

from service.api.coding.letters import NoText, as_utf8
from service.api.errors import InvalidRequest, Location, Problem
from service.model.keys import TIME_FORM, Parts, key_parts, parse_time, time_parts

FIELDS = ("OPERA", "SIGLADES", "FECHA_PROGRAMADA")
EXAMPLE = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-11-27 13:00:00"}

MAX_TEXT = 256
"""Characters that a field may have; also how much of a wrong input an error repeats."""

MAX_PROBLEMS = 1000
"""That an error lists; a batch is not looked at any further."""

MAX_KEPT = 40
"""Characters of a time whose parts are remembered: every form but one with a long fraction of a second."""

LARGE = 4096
MEMORY_A_BYTE = 40
"""Bytes that a byte of JSON may need: 12 while orjson reads it, and 64 for the three of `[],`."""

LISTS_A_FLIGHT, COLONS_A_FLIGHT, SPARE = 4, 16, 1000
"""Lists and objects, and colons, that a body may have: one costs as much as thirty digits, and two megabytes of nothing
else hold 700,000. Those in texts are counted with them, such as the two of a time.
"""

LOW = "Baja probabilidad de atraso"
HIGH = "Alta probabilidad de atraso"


class TooManyValues(Exception):
    """A body that would take long to read and hold nothing of use."""


def parse_flight(body: bytes) -> Parts:
    """The flight that a request's body describes. Raises InvalidRequest."""
    return check_flight(_parse(body), ("body",))


def parse_batch(body: bytes, limit: int) -> list[Any]:
    """The body's array of at most `limit` flights, each still unchecked. Raises InvalidRequest."""
    flights = _parse(body, limit)
    if not isinstance(flights, list):
        raise InvalidRequest([problem("list_type", ("body",), "Input should be a valid list", flights)])
    if len(flights) > limit:
        text = f"List should have at most {limit} items after validation, not {len(flights)}"
        raise InvalidRequest([problem("too_long", ("body",), text, None)])
    return flights


def check_flight(flight: Any, where: Location) -> Parts:
    """The key parts of one decoded flight that stands at `where`. Raises InvalidRequest."""
    try:
        opera = flight["OPERA"]
        siglades = flight["SIGLADES"]
        if type(opera) is str and type(siglades) is str and len(opera) <= MAX_TEXT and len(siglades) <= MAX_TEXT:
            when = flight["FECHA_PROGRAMADA"]
            if len(when) <= MAX_KEPT:
                return (opera, siglades) + time_parts(when)  # noqa: RUF005  # faster than unpacking
    except (TypeError, KeyError, ValueError):
        pass  # the rare path says what is wrong
    problems = _problems(flight, where)
    if problems:
        raise InvalidRequest(problems)
    return key_parts(flight["OPERA"], flight["SIGLADES"], parse_time(flight["FECHA_PROGRAMADA"]))


def _parse(body: bytes, flights: int = 1) -> Any:
    if not body:
        raise InvalidRequest([problem("missing", ("body",), "Field required", None)])
    try:
        return read_json(body, flights)
    except TooManyValues as error:
        raise InvalidRequest([problem("too_many_values", ("body",), str(error), None)]) from None
    except orjson.JSONDecodeError as error:
        text = f"JSON decode error: {error}"
        raise InvalidRequest([problem("json_invalid", ("body", error.pos), text, {})]) from None


def read_json(body: bytes, flights: int) -> Any:
    """Raises JSONDecodeError, TooManyValues, and MemoryError, which orjson tells as a fault of the JSON, or dies of."""
    try:
        return _read_utf8(body, flights)
    except orjson.JSONDecodeError:
        try:
            text = as_utf8(body)
        except NoText as error:
            raise orjson.JSONDecodeError(str(error), "", 0) from None
        if text is None:
            raise
    return _read_utf8(text, flights)


def _read_utf8(body: bytes, flights: int) -> Any:
    if len(body) > LARGE:
        lists, colons = SPARE + LISTS_A_FLIGHT * flights, SPARE + COLONS_A_FLIGHT * flights
        if body.count(b"[") + body.count(b"{") > lists:
            raise TooManyValues(f"JSON with more than {lists} lists and objects is not read")
        if body.count(b":") > colons:
            raise TooManyValues(f"JSON with more than {colons} colons is not read")
        _find_memory(MEMORY_A_BYTE * len(body))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "memory" in error.msg:
            raise MemoryError(error.msg) from None
        raise


def _find_memory(size: int) -> None:
    """Raises MemoryError where there are not so many bytes. It costs a few microseconds: none of them is touched."""
    try:
        mmap(-1, size).close()
    except OSError as error:
        raise MemoryError(f"no {size} bytes for a request's JSON") from error


def _problems(flight: Any, where: Location) -> list[Problem]:
    if not isinstance(flight, dict):
        text = "Input should be a valid dictionary or object to extract fields from"
        return [problem("model_attributes_type", where, text, flight)]
    found = [_field_problem(flight, field, (*where, field)) for field in FIELDS]
    return [each for each in found if each]


def _field_problem(flight: dict[str, Any], field: str, where: Location) -> Problem | None:
    if field not in flight:
        return problem("missing", where, "Field required", flight)
    value = flight[field]
    if not isinstance(value, str):
        return problem("string_type", where, "Input should be a valid string", value)
    if len(value) > MAX_TEXT:
        return problem("string_too_long", where, f"String should have at most {MAX_TEXT} characters", value)
    if field == "FECHA_PROGRAMADA":
        return _time_problem(value, where)
    return None


def _time_problem(value: str, where: Location) -> Problem | None:
    try:
        parse_time(value)
    except ValueError as error:
        form = "" if TIME_FORM in str(error) else f", {TIME_FORM}"
        text = f"Input should be a valid datetime{form}: {error}"
        return problem("datetime_parsing", where, text, value)
    return None


def problem(kind: str, where: Location, text: str, value: Any) -> Problem:
    """One entry of an error's `detail`."""
    return {"type": kind, "loc": where, "msg": text, "input": _echo(value)}


def _echo(value: Any) -> Any:
    """`value` as an error repeats it: whole when it is short, else the start of its text."""
    if isinstance(value, str):
        return cut(value, MAX_TEXT)
    text = json_start(value, MAX_TEXT)
    return value if len(text) <= MAX_TEXT else cut(text, MAX_TEXT)


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"


def json_start(value: Any, most: int) -> str:
    """The JSON of a decoded value, or a start of it that is longer than `most` characters.

    It costs no more than that start, however large the value is, and takes one of any depth: orjson reads JSON that is
    nested deeper than it writes.
    """
    text = ""
    for piece in _pieces(value, most):
        text += piece
        if len(text) > most:
            break
    return text


def _pieces(value: Any, most: int) -> Iterator[str]:
    """Each level gives a character before it goes deeper, so that who wants `most` of them goes no deeper either."""
    if isinstance(value, list):
        yield "["
        for number, each in enumerate(value):
            yield "," if number else ""
            yield from _pieces(each, most)
        yield "]"
    elif isinstance(value, dict):
        yield "{"
        for number, (key, each) in enumerate(value.items()):
            yield "," if number else ""
            yield from _pieces(key, most)
            yield ":"
            yield from _pieces(each, most)
        yield "}"
    else:
        # The rest of a longer text, its last quote too, is beyond what is wanted.
        yield orjson.dumps(value[: most + 1] if isinstance(value, str) else value).decode()


def probabilities_of(replies: bytes) -> Iterator[float]:
    """What a batch's reply says of each flight, read when it is asked for."""
    for reply in orjson.loads(replies):
        yield reply["delay_probability"]


class Replies:
    """Probability -> reply bytes. There are only 202 replies, so they are made once."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.low, self.high = (
            [orjson.dumps({"delay_probability": percent / 100, "clase": [clase]}) for percent in range(101)]
            for clase in (LOW, HIGH)
        )

    def __call__(self, probability: float) -> bytes:
        return (self.high if probability > self.threshold else self.low)[round(probability * 100)]

"""An array of decoded flights -> their replies, a slice at a time, so that others are served in between."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from service.api.contract import MAX_PROBLEMS, check_flight, problem
from service.api.errors import InvalidRequest, Problem
from service.api.flights.detail import Details
from service.api.names import Names, Reading, Tally
from service.api.served import Native
from service.model.features import NAMED
from service.model.keys import Parts
from service.model.predictor import MAX_ROWS, Predictor
from service.model.turns import FEW

Read = tuple[bytearray, list[tuple[int, bytes]], Sequence[int]]
"""What the reader made of a body: the rows of its flights, one behind the other; the JSON of those that it left; and of
the others, how many had an airline or a destination that is unknown, and how many one that is read as another name.
"""

PROBLEMS_A_TURN = 10
"""What is wrong takes longer to tell than what is right to answer, where a nearest name is looked for most of all."""


async def predict_batch(
    predictor: Predictor, known: Names, flights: list[Any], detailed: Details | None = None
) -> tuple[bytes, Tally]:
    """The reply's body, in the order of `flights`, and what was read as another name or is unknown.

    Raises InvalidRequest with the problems of every flight, up to the first thousand.
    """
    replies: list[bytes] = []
    tally = Tally()
    problems: list[Problem] = []
    for start in range(0, len(flights), MAX_ROWS):
        checked, named = [], []
        for index, flight in enumerate(flights[start : start + MAX_ROWS], start):
            try:
                parts = check_flight(flight, ("body", index))
                reading = known.read(parts, ("body", index))
                checked.append(reading.flight if reading else parts)
                named.append(reading.unknown if reading else ())
            except InvalidRequest as error:
                problems.extend(error.detail)
                if len(problems) > MAX_PROBLEMS:
                    raise InvalidRequest([*problems[:MAX_PROBLEMS], _too_many(index)]) from None
                if len(problems) % PROBLEMS_A_TURN == 0:
                    await asyncio.sleep(0)
                continue
            if reading:
                known.count(reading)
                tally.add(reading)
        if not problems:
            replies += detailed(checked, named) if detailed else predictor.score(checked)
        if len(flights) > FEW:
            await asyncio.sleep(0)
    if problems:
        raise InvalidRequest(problems)
    return b"[" + b",".join(replies) + b"]", tally


async def predict_read(predictor: Predictor, known: Names, native: Native, flights: Read) -> tuple[bytes, Tally] | None:
    """The same where the reader read the body, whose other flights are read here; None where one of them is wrong."""
    rows, others, counts = flights
    size = predictor.features.row_size
    readings: list[Reading] = []
    for count, (place, text) in enumerate(others, 1):
        try:
            parts = check_flight(orjson.loads(text), ("body", place))
            reading = known.read(parts, ("body", place))
        except (InvalidRequest, orjson.JSONDecodeError):
            return None  # what is wrong is told where everything is
        rows[place * size : (place + 1) * size] = predictor.features.row(reading.flight if reading else parts)
        if reading:
            readings.append(reading)
            teach(native, parts, reading)
        if count % MAX_ROWS == 0:
            await asyncio.sleep(0)
    replies: list[bytes] = []
    whole = memoryview(rows)
    for start in range(0, len(rows), MAX_ROWS * size):
        replies.append(native.queue.bodies(predictor.pairs(whole[start : start + MAX_ROWS * size])))
        if len(rows) > FEW * size:
            await asyncio.sleep(0)
    tally = Tally()
    for reading in readings:
        known.count(reading)
        tally.add(reading)
    if any(counts):
        unknown_and_read = counts[: len(NAMED)], counts[len(NAMED) :]
        known.count_many(*unknown_and_read)
        tally.add_many(*unknown_and_read)
    return b"[" + b",".join(replies) + b"]", tally


def teach(native: Native, written: Parts, reading: Reading) -> None:
    """Have the reader read such names by itself from now on."""
    for part, name in zip(NAMED, written[:2], strict=True):
        if part in reading.unknown or part in reading.read_as:
            native.reader.learn(part, name, reading.read_as.get(part))


def _too_many(index: int) -> Problem:
    text = f"There are more than {MAX_PROBLEMS} problems; the flights behind the one at {index} were not looked at"
    return problem("too_many_problems", ("body",), text, None)

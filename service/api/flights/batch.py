"""An array of decoded flights -> their replies, a slice at a time, so that others are served in between."""

import asyncio
from typing import Any

from service.api.contract import check_flight
from service.api.errors import InvalidRequest, Problem
from service.api.names import Names
from service.model.predictor import MAX_ROWS, Predictor


async def predict_batch(predictor: Predictor, known: Names, flights: list[Any]) -> tuple[bytes, set[str]]:
    """The reply's body, in the order of `flights`, and which of OPERA and SIGLADES some table did not know.

    Raises InvalidRequest with the problems of every flight, and Overloaded.
    """
    with predictor.admitted(len(flights)):
        return await _predict_slices(predictor, known, flights)


async def _predict_slices(predictor: Predictor, known: Names, flights: list[Any]) -> tuple[bytes, set[str]]:
    replies: list[bytes] = []
    unknown: set[str] = set()
    problems: list[Problem] = []
    for start in range(0, len(flights), MAX_ROWS):
        checked = []
        for index, flight in enumerate(flights[start : start + MAX_ROWS], start):
            try:
                parts = check_flight(flight, ("body", index))
                names = known.unknown(parts, ("body", index))
                checked.append(parts)
            except InvalidRequest as error:
                problems.extend(error.detail)
                continue
            if names:
                known.count(names)
                unknown.update(names)
        if not problems:
            replies += predictor.score(checked)
        await asyncio.sleep(0)
    if problems:
        raise InvalidRequest(problems)
    return b"[" + b",".join(replies) + b"]", unknown

"""An array of decoded flights -> their replies, a slice at a time, so that others are served in between."""

import asyncio
from typing import Any

from service.api.contract import MAX_PROBLEMS, check_flight, problem
from service.api.errors import InvalidRequest, Problem
from service.api.flights.detail import Details
from service.api.names import Names
from service.model.predictor import MAX_ROWS, Predictor
from service.model.turns import FEW

PROBLEMS_A_TURN = 10
"""What is wrong takes longer to tell than what is right to answer, where a nearest name is looked for most of all."""


async def predict_batch(
    predictor: Predictor, known: Names, flights: list[Any], detailed: Details | None = None
) -> tuple[bytes, set[str]]:
    """The reply's body, in the order of `flights`, and which of OPERA and SIGLADES some table did not know.

    Raises InvalidRequest with the problems of every flight, up to the first thousand.
    """
    replies: list[bytes] = []
    unknown: set[str] = set()
    problems: list[Problem] = []
    for start in range(0, len(flights), MAX_ROWS):
        checked, named = [], []
        for index, flight in enumerate(flights[start : start + MAX_ROWS], start):
            try:
                parts = check_flight(flight, ("body", index))
                names = known.unknown(parts, ("body", index))
                checked.append(parts)
                named.append(names)
            except InvalidRequest as error:
                problems.extend(error.detail)
                if len(problems) > MAX_PROBLEMS:
                    raise InvalidRequest([*problems[:MAX_PROBLEMS], _too_many(index)]) from None
                if len(problems) % PROBLEMS_A_TURN == 0:
                    await asyncio.sleep(0)
                continue
            if names:
                known.count(names)
                unknown.update(names)
        if not problems:
            replies += detailed(checked, named) if detailed else predictor.score(checked)
        if len(flights) > FEW:
            await asyncio.sleep(0)
    if problems:
        raise InvalidRequest(problems)
    return b"[" + b",".join(replies) + b"]", unknown


def _too_many(index: int) -> Problem:
    text = f"There are more than {MAX_PROBLEMS} problems; the flights behind the one at {index} were not looked at"
    return problem("too_many_problems", ("body",), text, None)

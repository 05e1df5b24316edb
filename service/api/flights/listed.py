"""The flights of the bundle's list, all or some of them."""

from collections.abc import Mapping

import orjson
from starlette.datastructures import QueryParams

from service.api.body import JSON
from service.api.coding.kept import Kept
from service.api.contract import problem
from service.api.errors import InvalidRequest, Problem

MOST_DIGITS = 9


class Listed:
    def __init__(self, flights: bytes) -> None:
        self._whole = Kept(flights, JSON)
        self._flights: list[object] = orjson.loads(flights)

    def some(self, asked: QueryParams) -> Kept:
        """`limit` flights behind the first `offset` ones; all where neither is asked for. Raises InvalidRequest."""
        limit, offset = _asked(asked, {"limit": len(self._flights), "offset": 0})
        if not offset and limit >= len(self._flights):
            return self._whole
        return Kept(orjson.dumps(self._flights[offset : offset + limit]), JSON)


def _asked(asked: QueryParams, otherwise: Mapping[str, int]) -> list[int]:
    problems: list[Problem] = []
    numbers = []
    for name, number in otherwise.items():
        for text in asked.getlist(name)[:2]:
            if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
                message = f"Input should be a whole number from 0 to {10**MOST_DIGITS - 1}"
                problems.append(problem("int_parsing", ("query", name), message, text))
            else:
                number = int(text)
        numbers.append(number)
        if len(asked.getlist(name)) > 1:
            problems.append(problem("too_many", ("query", name), "It should be given once", None))
    if problems:
        raise InvalidRequest(problems)
    return numbers

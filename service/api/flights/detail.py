"""`?detail=`: replies that also tell what is rounded and what is averaged in them, or tell it another way."""

from collections.abc import Sequence
from urllib.parse import parse_qs

import orjson

from service.api.contract import HIGH, LOW, problem
from service.api.errors import InvalidRequest
from service.model.keys import Parts
from service.model.predictor import Predictor

WORDS = {"1": True, "true": True, "0": False, "false": False}

INPUTS, TABLES = "inputs", "tables"
"""What an explanation is by: what the flight is, or the tables that the model looks at."""


def wants_detail(query: bytes) -> bool:
    """What a request's query says, whatever else it holds. Raises InvalidRequest."""
    if not query:
        return False
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("detail", ["0"])
    if unknown := [word for word in given if word.lower() not in WORDS]:
        text = "Input should be a valid boolean, 1 or 0"
        raise InvalidRequest([problem("bool_parsing", ("query", "detail"), text, unknown[0])])
    return {WORDS[word.lower()] for word in given} == {True}


def wants_tables(query: bytes) -> bool:
    """Whether an explanation is asked for by table. Raises InvalidRequest."""
    if not query:
        return False
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("detail", [INPUTS])
    if unknown := [word for word in given if word not in (TABLES, INPUTS)]:
        text = f"Input should be '{INPUTS}' or '{TABLES}'"
        raise InvalidRequest([problem("enum", ("query", "detail"), text, unknown[0])])
    return set(given) == {TABLES}


class Details:
    """Flights with what is unknown of each -> replies."""

    def __init__(self, predictor: Predictor, threshold: float) -> None:
        self._predictor = predictor
        self._threshold = threshold

    def __call__(self, flights: Sequence[Parts], unknown: Sequence[Sequence[str]]) -> list[bytes]:
        rows = [self._predictor.features.row(flight) for flight in flights]
        return list(map(self._reply, self._predictor.probabilities(rows), unknown))

    def _reply(self, probability: float, unknown: Sequence[str]) -> bytes:
        return orjson.dumps(
            {
                "delay_probability": round(probability * 100) / 100,
                "clase": [HIGH if probability > self._threshold else LOW],
                "probabilidad": probability,
                "umbral": self._threshold,
                "desconocidos": unknown,
            }
        )

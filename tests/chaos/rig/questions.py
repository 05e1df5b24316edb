"""What the clients ask over and over: flights that both bundles know, on each of the ways through the service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

HOT, BATCH, INFER = "/predict_delay_probability", "/predict_delay_probabilities", "/v2/models/flight_delay/infer"


@dataclass(frozen=True)
class Question:
    """A request as it goes over the wire."""

    path: str
    request: bytes


def post(path: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: chaos", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def asked(path: str, content: object, *lines: str) -> Question:
    return Question(path, post(path, json.dumps(content).encode(), *lines))


def tensors(flights: Sequence[dict[str, str]]) -> dict[str, object]:
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [len(flights)], "data": [flight[name] for flight in flights]}
        for name in ("OPERA", "SIGLADES", "FECHA_PROGRAMADA")
    ]
    return {"inputs": inputs}


FLIGHTS = [
    {"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": f"2017-{month:02}-11 {hour:02}:30:00"}
    for opera, siglades, month, hour in product(
        ("Grupo LATAM", "Sky Airline"), ("Calama", "Lima", "Iquique"), (2, 7), range(0, 24, 3)
    )
]
QUESTIONS = [
    *(asked(HOT, flight) for flight in FLIGHTS),
    *(asked(HOT, flight, "X-No-Plain-Head: 1", "Expect: 100-continue") for flight in FLIGHTS[::16]),
    *(asked(BATCH, FLIGHTS[start : start + 40]) for start in range(0, 40, 10)),
    *(asked(INFER, tensors(FLIGHTS[start : start + 8])) for start in range(0, 32, 8)),
]

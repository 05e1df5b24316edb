import numpy as np

from export.learn.tables import Table, keys_of, matrix
from service.model.keys import key_parts, parse_time

FLIGHTS = [
    key_parts(opera, "Calama", parse_time(f"2017-11-27 {hour}:00"))
    for opera, hour in (("Sky Airline", 13), ("New", 23), ("Sky Airline", 23))
]
AIRLINE = Table("airline", ("OPERA",), 0.5, {"Sky Airline": 0.25})
AIRLINE_PERIOD = Table("both", ("OPERA", "periodo_dia"), 0.75, {"Sky Airline|noche": 0.125})


def test_matrix_looks_every_flight_up() -> None:
    expected = [[0.25, 0.75], [0.5, 0.75], [0.25, 0.125]]
    assert matrix([AIRLINE, AIRLINE_PERIOD], FLIGHTS).tolist() == expected


def test_keys_join_their_parts() -> None:
    assert keys_of(FLIGHTS, ("OPERA", "periodo_dia")) == ["Sky Airline|tarde", "New|noche", "Sky Airline|noche"]


def test_numbers_go_out_and_back() -> None:
    assert AIRLINE.numbers().tolist() == [0.25, 0.5]
    assert AIRLINE.with_numbers(np.array([1.0, 2.0])) == Table("airline", ("OPERA",), 2.0, {"Sky Airline": 1.0})

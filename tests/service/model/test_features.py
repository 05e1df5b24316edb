import numpy as np

from service.model.bundle import Table
from service.model.features import Features
from service.model.keys import key_parts, parse_time

AIRLINE = Table("airline", ("OPERA",), 0.5, {"Sky Airline": 0.25}, 0.0)
HOUR = Table("hour", ("hora",), -1.0, {13: 13.0}, 0.0)
ROUTE = Table("route", ("OPERA", "SIGLADES"), 9.0, {("Sky Airline", "Calama"): 1.0}, 0.0)
ROUTE_HOUR = Table("route hour", ("hora", "SIGLADES"), 8.0, {(13, "Lima"): 2.0}, 0.0)


def flight(opera: str, siglades: str, time: str = "13:00") -> tuple[str, str, int, int, int, int, str, int]:
    return key_parts(opera, siglades, parse_time(f"2017-11-27 {time}"))


def row(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


def test_row_is_in_the_order_of_the_tables() -> None:
    features = Features([AIRLINE, HOUR, ROUTE, ROUTE_HOUR])
    assert features.row(flight("Sky Airline", "Calama")) == row(0.25, 13.0, 1.0, 8.0)
    assert features.row(flight("Sky Airline", "Lima")) == row(0.25, 13.0, 9.0, 2.0)
    assert Features([AIRLINE]).row(flight("Sky Airline", "Lima")) == row(0.25)


def test_a_missing_key_takes_the_default() -> None:
    features = Features([AIRLINE, HOUR, ROUTE])
    assert features.row(flight("New", "Calama", "14:59")) == row(0.5, -1.0, 9.0)


def test_unknown_names_the_open_parts_that_no_table_knows() -> None:
    features = Features([AIRLINE, ROUTE, ROUTE_HOUR])
    assert features.known == {"OPERA": {"Sky Airline"}, "SIGLADES": {"Calama", "Lima"}}
    assert features.unknown(flight("Sky Airline", "Lima")) == ()
    assert features.unknown(flight("New", "Lima")) == ("OPERA",)
    assert features.unknown(flight("Sky Airline", "Nowhere")) == ("SIGLADES",)
    assert features.unknown(flight("New", "Nowhere")) == ("OPERA", "SIGLADES")


def test_a_part_that_no_table_looks_at_is_never_unknown() -> None:
    assert Features([AIRLINE]).unknown(flight("Sky Airline", "Nowhere")) == ()


TWINS = Table("airline", ("OPERA",), 0.5, {"Sky": 0.1, "SKY": 0.2, "Ñandú Air": 0.3, "": 0.4, "\u0301": 0.5}, 0.0)


def test_a_spelling_of_two_names_is_neither() -> None:
    features = Features([TWINS])
    assert features.find("OPERA", "sky") is None
    assert features.find("OPERA", "NANDU  air") == "Ñandú Air"


def test_what_folds_to_nothing_is_no_name() -> None:
    for text in ("", " ", "\u0301", "\ufeff"):
        assert Features([TWINS]).find("OPERA", text) is None


def test_only_names_that_the_tables_have_are_found() -> None:
    features = Features([TWINS], {"OPERA": {"na": "Ñandú Air", "gone": "Gone"}})
    assert [features.find("OPERA", text) for text in ("NA", "gone", "nandu air")] == ["Ñandú Air", None, None]
    assert features.find("SIGLADES", "na") is None


def test_a_long_text_is_not_looked_at() -> None:
    features = Features([TWINS])
    assert features.find("OPERA", " " * 100 + "nandu air" + " " * 100) == "Ñandú Air"
    assert features.find("OPERA", "\ufdfa" * 256) is None
    assert Features([Table("airline", ("OPERA",), 0.5, {"x" * 257: 0.1}, 0.0)]).find("OPERA", "X" * 257) is None

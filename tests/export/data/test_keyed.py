"""Keys that are spelled once."""

from datetime import datetime

import pytest

from export.data.keyed import Keyed
from service.model.keys import Parts, key_parts

NAMES = [("Sky", "Lima"), ("Ñandú|Air", "Calama"), ("Sky", "Calama"), ("Ñandú", "Air|Calama"), ("Sky", "Lima")]
FLIGHTS = [key_parts(*names, datetime(2017, 1, 1 + day, 13)) for day, names in enumerate(NAMES)]
KEY = ("OPERA", "SIGLADES")


def texts(keyed: Keyed, key: tuple[str, ...] = KEY) -> list[str]:
    names, codes = keyed.keys(key)
    assert names == sorted(set(names))
    return [names[code] for code in codes]


def test_the_key_of_each_flight() -> None:
    assert texts(Keyed(FLIGHTS)) == [
        "Sky|Lima",
        "Ñandú|Air|Calama",
        "Sky|Calama",
        "Ñandú|Air|Calama",
        "Sky|Lima",
    ]
    assert texts(Keyed(FLIGHTS), ("DIA",)) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("first", [True, False], ids=["spelled before", "spelled after"])
def test_a_part_of_a_part_has_its_own(first: bool) -> None:
    keyed = Keyed(FLIGHTS)
    if first:
        keyed.keys(KEY)
    part = keyed.take([4, 2, 1])[1:]
    assert list(part) == [FLIGHTS[2], FLIGHTS[1]]
    assert part[-1] == FLIGHTS[1]
    assert len(part) == 2
    assert texts(part) == ["Sky|Calama", "Ñandú|Air|Calama"]
    assert part.keys(KEY).names == keyed.keys(KEY).names
    names, codes = part.keys(KEY).used()
    assert (names, codes.tolist()) == (["Sky|Calama", "Ñandú|Air|Calama"], [0, 1])


def test_none_at_all() -> None:
    none: list[Parts] = []
    for keyed in (Keyed(none), Keyed(FLIGHTS).take([])):
        assert len(keyed) == 0
        assert texts(keyed) == []
        assert keyed.keys(KEY).used().names == []

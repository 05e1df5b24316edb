import math
from pathlib import Path
from typing import Any

import pytest

from service.model.bundle import read
from service.model.explain.ranges import Range, read_range
from service.model.files import BundleError

TOLD = {"coverage": 0.8, "steady": 0.42, "few": 16.0, "prior": 20}


def test_an_interval_worked_out_by_hand() -> None:
    """1.2816 is the normal distribution's 90 % point: a tenth is left on either side."""
    low, high = Range(0.8, 0.42, 16, 20).around(0.2, 140)
    far = 1.2815515655 * math.sqrt(0.42 + 16 / 160)
    assert math.log(low / (1 - low)) == pytest.approx(math.log(0.25) - far)
    assert math.log(high / (1 - high)) == pytest.approx(math.log(0.25) + far)


def test_fewer_flights_make_it_wider_and_it_stays_within_0_and_1() -> None:
    told = Range(0.8, 0.42, 16, 20)
    widths = [high - low for low, high in (told.around(0.2, flights) for flights in (0, 6, 60, 600))]
    assert widths == sorted(widths, reverse=True)
    for probability in (0.0, 1e-12, 0.5, 1.0):
        low, high = Range(0.999, 9e5, 0, 20).around(probability, 0)
        assert 0 <= low <= high <= 1


def test_the_shipped_bundle_tells_how_sure_it_is() -> None:
    told = read(Path(__file__).resolve().parents[4]).range
    assert told
    assert told.coverage == 0.8
    assert read_range(Path("manifest.json"), None) is None
    assert read_range(Path("manifest.json"), TOLD) == Range(0.8, 0.42, 16, 20)


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": 1.0}, {"coverage": 0.0}, {"coverage": "0.8"}, {"steady": -0.1}, {"steady": True}, {"few": None},
        {"prior": 0}, {"few": math.inf}, {"few": math.nan},
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="`range` should have coverage, steady, few and prior"):
        read_range(Path("manifest.json"), {**TOLD, **change})

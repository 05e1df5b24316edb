from typing import Any

import numpy as np
import pytest

from export.errors import ParityError
from export.graph.align import nudge

F32 = np.float32
ABOVE = np.nextafter(F32(0.3), F32(1))  # the float32 after 0.3
BETWEEN = (float(F32(0.3)) + float(ABOVE)) / 2


def exact(*values: float) -> Any:
    return np.array(values, dtype=np.float64)


def test_values_on_the_same_side_stay() -> None:
    values = exact(0.1, 0.2, 0.9)
    assert nudge(values, exact(0.15, 0.5)).tolist() == values.tolist()


def test_a_value_above_a_threshold_that_rounds_onto_it_is_moved_up() -> None:
    threshold = float(F32(0.3))
    value = threshold + 1e-10  # above in float64, equal in float32
    assert F32(value) == F32(threshold)
    (moved,) = nudge(exact(value), exact(threshold))
    assert moved == ABOVE


def test_a_value_between_a_threshold_and_its_float32_neighbour_is_moved() -> None:
    """As it is, ONNX would take another way than the booster."""
    threshold = BETWEEN - 1e-10
    value = BETWEEN - 5e-11
    assert value > threshold
    assert F32(threshold) == F32(value) == F32(0.3)
    (moved,) = nudge(exact(value), exact(threshold))
    assert moved == ABOVE


def test_a_value_that_rounds_away_from_its_threshold_stays() -> None:
    value, threshold = BETWEEN - 1e-10, BETWEEN + 1e-10
    assert (F32(value), F32(threshold)) == (F32(0.3), ABOVE)
    assert nudge(exact(value), exact(threshold)).tolist() == [value]


def test_two_thresholds_that_no_float32_value_can_tell_apart_fail_the_proof() -> None:
    low = float(F32(0.3))
    thresholds = exact(low, low + 2e-10)
    with pytest.raises(ParityError, match="no float32 stands for"):
        nudge(exact(low + 1e-10), thresholds)

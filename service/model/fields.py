"""The fields of a bundle's JSON, checked one by one. Each raises BundleError, which names the file."""

import math
from pathlib import Path
from typing import Any

from service.model.files import BundleError, short

LARGEST_NUMBER = 3.4028234e38
"""The rows of features are float32."""


def value_or_missing(path: Path, what: str, value: Any) -> float:
    return math.nan if value is None else number(path, what, value)


def number(path: Path, what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float | int) or not abs(value) <= LARGEST_NUMBER:
        raise BundleError(path, f"{what} should be a finite number that float32 holds, not {short(value)}")
    return float(value)


def ratio(path: Path, what: str, value: Any) -> float:
    found = number(path, what, value)
    if not 0 <= found <= 1:
        raise BundleError(path, f"{what} should be between 0 and 1, not {short(value)}")
    return found


def field(path: Path, owner: dict[str, Any], name: str, *types: type) -> Any:
    if name not in owner or not isinstance(owner[name], types):
        raise BundleError(path, f"{name!r} is missing or not of type {' or '.join(t.__name__ for t in types)}")
    return owner[name]

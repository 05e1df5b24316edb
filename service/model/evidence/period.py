"""The manifest's `data` -> of when the flights are that a bundle was made of, for people to be told."""

from datetime import date
from typing import Any, NamedTuple


class Period(NamedTuple):
    """How many flights, and the first and the last day of them, `YYYY-MM-DD`."""

    flights: int
    first: str
    last: str


def period_of(data: Any) -> Period | None:
    """None where the manifest does not tell it: nothing that is predicted depends on that."""
    match data:
        case {"rows": int(flights), "from": str(first), "to": str(last)} if _is_day(first) and _is_day(last):
            return Period(flights, first, last)
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False

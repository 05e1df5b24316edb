"""A flight -> the key parts that the tables are looked up by.

Training and serving both derive them here, so that the two cannot drift apart. It knows nothing of
tables or models.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import TypeAlias
from unicodedata import category, normalize
from zoneinfo import ZoneInfo

PARTS = ("OPERA", "SIGLADES", "FECHA", "MES", "DIA", "dia_semana", "hora", "periodo_dia", "temporada_alta", "HH:MM")
"""The names that a table's `key` may use, in the order of `Parts`."""

Parts: TypeAlias = tuple[str, str, str, int, int, int, int, str, int, str]
"""One flight: a value for each name in `PARTS`."""

TimeParts: TypeAlias = tuple[str, int, int, int, int, str, int, str]
"""The parts after OPERA and SIGLADES."""

SEPARATOR = "|"
"""Between the parts of a composite key, in the text of a table's file."""

PERIODS = ("mañana", "tarde", "noche")

DOMAINS: dict[str, tuple[str | int, ...]] = {
    "MES": tuple(range(1, 13)),
    "DIA": tuple(range(1, 32)),
    "dia_semana": tuple(range(7)),  # 0 is Monday
    "hora": tuple(range(24)),
    "periodo_dia": PERIODS,
    "temporada_alta": (0, 1),
    "HH:MM": tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)),
}
"""Every value that a part can take; OPERA and SIGLADES are open, any text, and FECHA is any `YYYY-MM-DD`."""

_SPELLED = {part: {str(value): value for value in values} for part, values in DOMAINS.items()}

TIME_FORM = "YYYY-MM-DD HH:MM[:SS]"

_UNSEEN = ("Mn", "Cf")
"""Kinds of characters that a folded name lacks: accents, and what shows nothing, like a byte order mark."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def period(hour: int) -> str:
    """mañana from 05:00 to 11:59, tarde from 12:00 to 18:59, noche the rest."""
    if 5 <= hour <= 11:
        return "mañana"
    return "tarde" if 12 <= hour <= 18 else "noche"


def high_season(month: int, day: int) -> int:
    """1 from 15 Dec to 3 Mar, 15 to 31 Jul and 11 to 30 Sep, bounds included; else 0."""
    date = (month, day)
    return int(date >= (12, 15) or date <= (3, 3) or (7, 15) <= date <= (7, 31) or (9, 11) <= date <= (9, 30))


def key_parts(opera: str, siglades: str, when: datetime) -> Parts:
    """The parts of a flight of airline `opera` to `siglades`, scheduled at local time `when`."""
    return (opera, siglades, *_time_parts(when))


def _time_parts(when: datetime) -> TimeParts:
    month, day, hour, minute = when.month, when.day, when.hour, when.minute
    date, clock = when.date().isoformat(), f"{hour:02}:{minute:02}"
    return date, month, day, when.weekday(), hour, period(hour), high_season(month, day), clock


@lru_cache(maxsize=1 << 14)
def time_parts(text: str) -> TimeParts:
    """The parts that a scheduled time gives, remembered: schedules repeat. Raises ValueError as `parse_time` does."""
    return _time_parts(parse_time(text))


def part_value(part: str, text: str) -> str | int:
    """A part as a flight has it, from its text in a table's key. Raises ValueError where `part` cannot have it."""
    if part not in DOMAINS and (part != "FECHA" or _DATE.fullmatch(text)):
        return text
    value = _SPELLED.get(part, {}).get(text)
    if value is None:
        raise ValueError(f"{text!r} is not a value of {part}")
    return value


def key_text(values: Iterable[str | int]) -> str:
    """The key of a table's row as its JSON spells it: `Sky Airline|Calama`."""
    return SEPARATOR.join(map(str, values))


def fold(text: str) -> str:
    """A name as it is compared with what people type: `SKY\u00a0 AIRLINE ` and `Sky Airline` are `sky airline`."""
    if not text.isascii():
        text = "".join(each for each in normalize("NFKD", text) if category(each) not in _UNSEEN)
    return " ".join(text.casefold().split())


def unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Folded spellings with the one name that each stands for; without those of two names, and the empty one."""
    found: dict[str, set[str]] = {}
    for spelling, name in pairs:
        found.setdefault(spelling, set()).add(name)
    return {spelling: names.pop() for spelling, names in found.items() if spelling and len(names) == 1}


def parse_time(text: str) -> datetime:
    """Read a scheduled time as local Santiago time, without time zone.

    A UTC offset or `Z` is converted; fractions of a second are allowed, as JavaScript's `toISOString` writes them.
    Raises ValueError with a sentence that says what is wrong.
    """
    # `fromisoformat` also takes forms that the API does not promise (20171127, 2017-W48-1), hence the look at the text.
    if len(text) == 19 and text[4] == text[7] == "-" and text[13] == text[16] == ":" and text[10] in " T":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # the rare path says what is wrong
    return _parse_rare_time(text)


def _parse_rare_time(text: str) -> datetime:
    if _DATE.fullmatch(text):
        raise ValueError("it is a date without a time")
    if not _TIME.fullmatch(text):
        raise ValueError(f"it is not of the form {TIME_FORM}")
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        return when
    try:
        return when.astimezone(santiago()).replace(tzinfo=None)
    except OverflowError:
        raise ValueError("it falls out of the calendar in Santiago's time") from None


@cache
def santiago() -> ZoneInfo:
    """Santiago's time zone. Raises ZoneInfoNotFoundError where the system has no time zone database."""
    return ZoneInfo("America/Santiago")

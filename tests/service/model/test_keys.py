from datetime import datetime

import pytest

from service.model.keys import DOMAINS, PARTS, fold, high_season, key_parts, key_text, parse_time, part_value, period


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("05:00", "mañana"), ("11:59", "mañana"), ("12:00", "tarde"), ("18:59", "tarde"),
        ("19:00", "noche"), ("23:59", "noche"), ("00:00", "noche"), ("04:59", "noche"),
    ],
)  # fmt: skip
def test_period_includes_its_bounds(time: str, expected: str) -> None:
    assert period(int(time[:2])) == expected
    assert key_parts("", "", parse_time(f"2017-03-10 {time}"))[PARTS.index("periodo_dia")] == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("12-14", 0), ("12-15", 1), ("12-31", 1), ("01-01", 1), ("03-03", 1), ("03-04", 0), ("07-14", 0), ("07-15", 1),
        ("07-31", 1), ("08-01", 0), ("09-10", 0), ("09-11", 1), ("09-30", 1), ("10-01", 0), ("02-28", 1), ("06-15", 0),
    ],
)  # fmt: skip
def test_high_season_includes_its_bounds(date: str, expected: int) -> None:
    month, day = map(int, date.split("-"))
    assert high_season(month, day) == expected


def test_key_parts() -> None:
    parts = key_parts("Sky Airline", "Calama", datetime(2017, 11, 27, 13))
    assert dict(zip(PARTS, parts, strict=True)) == {
        "OPERA": "Sky Airline",
        "SIGLADES": "Calama",
        "FECHA": "2017-11-27",
        "MES": 11,
        "DIA": 27,
        "dia_semana": 0,
        "hora": 13,
        "periodo_dia": "tarde",
        "temporada_alta": 0,
        "HH:MM": "13:00",
    }


def test_every_part_of_every_hour_of_a_leap_year_is_in_its_domain() -> None:
    for day in range(366):
        for hour in range(24):
            when = datetime.fromordinal(datetime(2016, 1, 1).toordinal() + day).replace(hour=hour)
            parts = dict(zip(PARTS, key_parts("", "", when), strict=True))
            assert all(parts[name] in domain for name, domain in DOMAINS.items())


@pytest.mark.parametrize(
    ("part", "text", "value"),
    [
        ("OPERA", "7", "7"),
        ("FECHA", "2017-11-27", "2017-11-27"),
        ("hora", "0", 0),
        ("periodo_dia", "noche", "noche"),
        ("HH:MM", "05:07", "05:07"),
    ],
)
def test_a_part_from_its_text(part: str, text: str, value: str | int) -> None:
    assert part_value(part, text) == value


@pytest.mark.parametrize(
    ("part", "text"),
    [("FECHA", "27-11-2017"), ("FECHA", ""), ("hora", "24"), ("hora", "01"), ("HH:MM", "24:00"), ("HH:MM", "5:07")],
)
def test_a_text_that_is_no_value_of_its_part(part: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a value of {part}"):
        part_value(part, text)


def test_key_text_joins_with_a_bar() -> None:
    assert key_text(("Sky Airline", "Calama")) == "Sky Airline|Calama"
    assert key_text((7,)) == "7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-11-27 13:00:00", (2017, 11, 27, 13, 0)),
        ("2017-11-27T13:00:00", (2017, 11, 27, 13, 0)),
        ("2017-11-27 13:05", (2017, 11, 27, 13, 5)),
        ("2017-11-27T13:05", (2017, 11, 27, 13, 5)),
        ("2017-11-27T13:05:00.000", (2017, 11, 27, 13, 5)),
        ("2016-02-29 00:00:00", (2016, 2, 29, 0, 0)),
        # Santiago is three hours behind UTC in its summer and four in its winter.
        ("2017-11-27T13:00:00Z", (2017, 11, 27, 10, 0)),
        ("2017-07-27T13:00:00Z", (2017, 7, 27, 9, 0)),
        ("2017-11-27T13:00:00.000Z", (2017, 11, 27, 10, 0)),
        ("2017-11-27 13:00-03:00", (2017, 11, 27, 13, 0)),
        ("2017-11-27 01:00+0200", (2017, 11, 26, 20, 0)),
        ("2017-11-27 13:00+03", (2017, 11, 27, 7, 0)),
    ],
)
def test_parse_time(text: str, expected: tuple[int, ...]) -> None:
    when = parse_time(text)
    assert when.tzinfo is None
    assert (when.year, when.month, when.day, when.hour, when.minute) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "form"),
        ("2017-11-27", "a date without a time"),
        ("2017-13-40 99:99:99", "month must be in 1..12"),
        ("2017-02-29 10:00:00", "day"),
        ("2017-11-27 24:30:00", "hour"),
        ("2017-11-27 13", "form"),
        ("2017-11-27x13:00:00", "form"),
        ("20171127T130000", "form"),
        ("2017-W48-1T13:00:00", "form"),
        ("2017-11-27  13:00:00", "form"),
        ("2017-11-27 13:00:00 ", "form"),
        ("27-11-2017 13:00:00", "form"),
        ("٢٠١٧-11-27 13:00:00", "form"),
        ("mañana a las trece00", "form"),
        ("0001-01-01T00:00:00Z", "out of the calendar"),
    ],
)
def test_parse_time_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Sky Airline", "sky airline"),
        ("\u00a0SKY \t airline\ufeff ", "sky airline"),
        ("São Paulo", "sao paulo"),
        ("Sa\u0303o Paulo", "sao paulo"),
        ("\uff2c\uff21\uff34\uff21\uff2d", "latam"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("\u0301\u200b", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == fold(folded) == folded

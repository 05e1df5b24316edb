"""The page's own look at times says what the service says."""

import random
from collections.abc import Callable
from typing import Any

from service.model.keys import parse_time

PEOPLE = {
    "27/11/2017 13:00": "2017-11-27 13:00",
    "1-2-2018 6:05": "2018-02-01 06:05:00",
    "29/02/2020, 23:59:58": "2020-02-29 23:59:58",
    "29/02/2017 10:00": None,
    "13/13/2017 10:00": None,
    "1/1/2017": None,
    "27/11/26 07:05": "2026-11-27 07:05",
    "27/11/2026 7:05 PM": "2026-11-27 19:05",
    "27-11-2026, 7:05:09 p.\N{NO-BREAK SPACE}m.": "2026-11-27 19:05:09",
    "27.11.2026 12:05am": "2026-11-27 00:05",
    "27/11/2026 12:05 pm": "2026-11-27 12:05",
    "27/11/2026 13:05 pm": None,
    "27/11/2026 0:05 am": None,
    "27/11-2026 7:05": None,
    "2026/11/27 7:05": "2026-11-27 07:05",
    "2017-11-27 1:00": "2017-11-27 01:00",
    "2017-11-27  13:00": "2017-11-27 13:00",
    "11/27/2026 10:00": None,
    "7:05 PM": None,
}
EDGES = [
    "2017-11-27 13:00", "2017-11-27T13:00:00", "2017-11-27 13:00:00.5", "2017-11-27T13:00:00Z",
    "2017-11-27T13:00-03:00", "2017-11-27T13:00+0300", "2016-02-29 00:00", "2017-02-29 00:00",
    "1900-02-29 00:00", "0000-01-01 00:00", "0001-01-01 00:00", "9999-12-31 23:59", "2017-04-31 10:00",
    "2017-11-27 24:00", "2017-11-27 23:60", "2017-11-27 23:59:60", "2017-11-27",
    "20171127 13:00", "", "mañana", "2017-11-27 13:00 ",
    "\N{FULLWIDTH DIGIT TWO}017-11-27 13:00",
]  # fmt: skip


def accepted(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


def made_up(count: int) -> list[str]:
    """Texts most of which are nearly times."""
    draw = random.Random(0)
    ends = ["", ":00", ":61", ".5", ":07.25", "Z", "-03:00"]
    return [
        f"{draw.randrange(2500):04}-{draw.randrange(15):02}-{draw.randrange(34):02}{draw.choice(' Tx')}"
        f"{draw.randrange(26):02}:{draw.randrange(62):02}{draw.choice(ends)}"
        for _ in range(count)
    ]


def test_times_are_read_as_the_service_reads_them(open_page: Callable[..., Any], server: Any) -> None:
    page = open_page(server.url)
    read = "async (texts) => { const { readTime } = await import('/web/times.js'); return texts.map(readTime); }"
    texts = EDGES + made_up(3000)
    expected = {text: text if accepted(text) else None for text in texts}
    assert dict(zip(texts, page.evaluate(read, texts), strict=True)) == expected
    assert 500 < sum(map(bool, expected.values())) < 2500
    for text, iso in PEOPLE.items():
        (found,) = page.evaluate(read, [text])
        assert (found and parse_time(found)) == (iso and parse_time(iso)), text

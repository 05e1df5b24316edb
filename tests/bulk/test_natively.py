"""What Rust reads of a block of CSV is what Python reads of it, whatever somebody did to the file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulk.reading.dialect import Dialect, read_dialect
from bulk.scoring import natively
from bulk.scoring.job import Job, Lines
from bulk.scoring.model import Model
from service import native
from service.model import bundle as bundles

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 300

NAMES = (
    "Sky Airline",
    "grupo  LATAM",
    "Nobody",
    '"Curitiba, Bra."',
    '"Sky ""Airline"""',
    "Concepción",
    "",
    " ",
    "n" * 257,
)
DESTINATIONS = ("Calama", "lima", "Nowhere", '"Calama"', "Curitiba; Bra.", "Antofagasta")
TIMES = (
    "2017-11-27 13:00:00", "2017-07-20T08:30", "2031-12-31 23:59", "2017-11-27T16:00:00Z", '"2017-11-27 13:00"',
    "2017-02-29 10:00", "2017-11-27", "27/11/2017 13:00", "",
)  # fmt: skip
DAMAGE = (b'"', b"\n", b"\r", b"\r\n", b",", b";", b"\xff", b"\xc3", b"\0", b" ", b"\xef\xbb\xbf", b'""', b"\x1a")
HEADS = (
    ("OPERA", "SIGLADES", "FECHA_PROGRAMADA"),
    ("nota", "FECHA_PROGRAMADA", "OPERA", "otra", "SIGLADES"),
)  # fmt: skip

NOTES = ("", "x", '"dos, tres"', '"dos\nlíneas"', "así")
PLAIN = (*NAMES[:3], *DESTINATIONS[:3])


@pytest.fixture(scope="module")
def rust(need: Callable[[object, str], None]) -> None:
    need(not native.missing(), f"the Rust module is of no use: {native.missing()}")


def lines_of(dialect: Dialect, rust: bool) -> Lines:
    return Lines(Job(BUNDLE, dialect, dialect.names, dialect.places, parquet=False, native=rust), MODEL, dialect)


BUNDLE = bundles.read(ROOT)
MODEL = Model(BUNDLE)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Dialect, bytes]:
    """Rows of flights, most of them plain, with bytes put in or taken out here and there."""
    names, end = draw(st.sampled_from(HEADS)), draw(st.sampled_from(("\n", "\r\n")))
    separator = draw(st.sampled_from(",;\t|"))
    fields = {
        "OPERA": st.sampled_from(NAMES[:3]) | st.sampled_from(NAMES),
        "SIGLADES": st.sampled_from(DESTINATIONS),
        "FECHA_PROGRAMADA": st.sampled_from(TIMES[:3]) | st.sampled_from(TIMES),
    }
    row = st.tuples(*(fields.get(name, st.sampled_from(NOTES[:3])) for name in names)).map(separator.join)
    rows = draw(
        st.lists(row | row | row | st.sampled_from(("", " ", separator, "broken")) | st.text(max_size=12), min_size=1)
    )
    text = bytearray(end.join([*rows, ""]).encode(errors="replace"))
    for damage in draw(st.lists(st.sampled_from(DAMAGE), max_size=draw(st.sampled_from((0, 0, 1, 3))))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 2))] = damage
    head = separator.join(names) + end
    return read_dialect("in.csv", head.encode(), {}), bytes(text)


def test_the_interface_is_the_service_s(rust: None) -> None:
    """A module that the service takes and this does not would be slow, and nobody would see it."""
    assert natively.INTERFACE == native.INTERFACE
    assert natively.reader_of(BUNDLE.tables)


def test_rust_and_python_score_the_same(rust: None) -> None:
    taken: list[bool] = []

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(blocks())
    def same(made: tuple[Dialect, bytes]) -> None:
        dialect, block = made
        reader = natively.reader_of(BUNDLE.tables)
        assert reader
        taken.append(natively.read_natively(reader, block, dialect, MODEL.lookup) is not None)
        of_rust, of_python = (lines_of(dialect, rust)(block) for rust in (True, False))
        assert b"".join(of_rust.content) == b"".join(of_python.content)
        assert of_rust[1:] == of_python[1:]

    same()
    assert sum(taken) > len(taken) / 3


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rust_takes_plain_lines(rust: None, end: bytes) -> None:
    """Of plain lines none is left to Python, and of others those alone."""
    dialect = read_dialect("in.csv", b"OPERA,SIGLADES,Fecha-I,nota" + end, {})
    known = [b'Sky Airline,Calama,2017-11-27 13:00:00,"dos, tres"', b'"Grupo LATAM","Lima",2017-07-20T08:30,']
    block = end.join([*known * 500, b"Nobody,Calama,2017-11-27 13:00,", b"broken", b""])
    reader = natively.reader_of(BUNDLE.tables)
    assert reader
    read = reader(block, ord(","), len(end) > 1, dialect.width, dialect.places)
    assert read
    assert read[2] == [1000, 1001]

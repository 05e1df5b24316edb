"""What the tests of whole files share."""

import csv
import gzip
import io
from pathlib import Path

import pytest


@pytest.fixture
def real_texts(real_data: Path) -> list[tuple[str, str, str]]:
    """Airline, destination and scheduled time of each real flight, as the file has them."""
    text = gzip.decompress(real_data.read_bytes()).decode()
    return [(row["OPERA"], row["SIGLADES"], row["Fecha-I"]) for row in csv.DictReader(io.StringIO(text))]

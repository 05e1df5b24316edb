"""The flights CSV -> the codes in it, of airlines and airports, and the names that they go with."""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

COLUMNS = {"OPERA": "Emp-I", "SIGLADES": "Des-I"}
"""Names, and the codes of what was scheduled; a flight that another airline operated has other ones in `Emp-O`."""

Codes = dict[str, dict[str, Counter[str]]]
"""For OPERA and SIGLADES: code -> name -> flights."""


def read_codes(*paths: Path) -> Codes:
    """Of files that `read_flights` has read; one without these columns has no codes."""
    codes: Codes = {field: {} for field in COLUMNS}
    for path in paths:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            for field, column in COLUMNS.items():
                name, code = (row.get(field) or "").strip(), (row.get(column) or "").strip()
                if name and code:
                    codes[field].setdefault(code, Counter())[name] += 1
    return codes

"""Figures as a Markdown table, padded so that it reads well in a terminal too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """The `key` of a figure, its heading, and how it is written; a number's column is aligned to the right."""

    key: str
    heading: str
    form: str = ""

    def cell(self, row: dict[str, Any]) -> str:
        value = row.get(self.key)
        return "" if value is None else f"{value:{self.form}}"


LOAD = (
    Column("row", "row"),
    Column("about", "what it is"),
    Column("requests_s", "requests/s", ",.0f"),
    Column("cpu_us", "CPU µs a request", ",.2f"),
    Column("p50_ms", "p50 ms", ",.2f"),
    Column("p90_ms", "p90 ms", ",.2f"),
    Column("p99_ms", "p99 ms", ",.2f"),
    Column("p99.9_ms", "p99.9 ms", ",.2f"),
    Column("peak_mib", "peak MiB", ",.0f"),
    Column("server_busy", "server's CPUs", ".0%"),
    Column("generator_busy", "wrk's CPUs", ".0%"),
)
"""What a row under load shows."""


def table(columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> str:
    """The rows that have figures as a table, then a sentence for each that has a `reason` to have none."""
    measured = [row for row in rows if "reason" not in row]
    reasons = [f"- `{row['row']}` has no figure: {row['reason']}" for row in rows if "reason" in row]
    lines = _lines(columns, measured) if measured else []
    return "\n".join([*lines, *([""] if lines and reasons else []), *reasons])


def _lines(columns: Sequence[Column], rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [[column.heading for column in columns], *([column.cell(row) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rules = ["-" * (width - 1) + (":" if column.form else "-") for column, width in zip(columns, widths, strict=True)]
    cells.insert(1, rules)
    return ["| " + " | ".join(map(_padded, line, widths, columns)) + " |" for line in cells]


def _padded(cell: str, width: int, column: Column) -> str:
    return cell.rjust(width) if column.form else cell.ljust(width)

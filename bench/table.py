"""Figures as a Markdown table, padded so that it reads well in a terminal too."""

from collections.abc import Callable, Sequence
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


PERCENTILES = tuple(Column(f"{name}_ms", f"{name} ms", ",.2f") for name in ("p50", "p90", "p99", "p99.9"))

UNDER_LOAD = (
    Column("requests_s", "requests/s", ",.0f"),
    Column("cpu_us", "CPU µs a request", ",.2f"),
    *PERCENTILES,
    Column("peak_mib", "peak MiB", ",.0f"),
    Column("server_busy", "server's CPUs", ".0%"),
    Column("generator_busy", "wrk's CPUs", ".0%"),
)
"""The figures of `bench.measure.under_load`."""

LOAD = (Column("row", "row"), Column("about", "what it is"), *UNDER_LOAD)
"""What a row under load shows."""


def renderer(columns: Sequence[Column]) -> Callable[[dict[str, Any]], str]:
    """What renders a result of which the rows are all that is shown."""
    return lambda result: table(columns, result["rows"])


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

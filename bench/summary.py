"""A comparison in the few rows that the README shows, ours in bold."""

import re
from collections.abc import Mapping
from typing import Any

from bench.results import Result
from bench.rows import OURS

SHOWN = (
    "cached",
    "proxied",
    "uncached",
    "nginx-constant",
    "python-cached",
    "python-uncached",
    "axum-onnx",
    "empty-asgi",
    "blacksheep-onnx",
    "fastapi-onnx",
    "reference",
)
"""Those that were measured, in this order."""

CONNECTIONS = re.compile(r"^wrk .* -c(\d+) ")


def render(result: Result) -> str:
    rows = {row["row"]: row for row in result["rows"] if "reason" not in row}
    rounds = max(map(len, result["rounds"].values()))
    (connections,) = {found for row in rows.values() for found in CONNECTIONS.findall(row.get("load", ""))}
    under = f"{connections} connections, 5,000 distinct flights, medians of {rounds} rounds in turn"
    heads = "Heads are wrk's, the same ones again and again, where a row does not say otherwise"
    lines = [f"One core of an {result['header']['cpu']}, {under}. {heads}.", ""]
    lines += ["| server | requests/s | CPU µs a request |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(_line(rows[name]) for name in SHOWN if name in rows)])


def _line(row: Mapping[str, Any]) -> str:
    cells = [row["about"], f"{row['requests_s']:,.0f}", f"{row['cpu_us']:,.2f}"]
    return f"| {' | '.join(f'**{cell}**' if row['row'] in OURS else cell for cell in cells)} |"

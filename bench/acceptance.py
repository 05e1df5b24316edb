"""What was promised of a comparison, as data, and whether its rows keep it. It measures nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.table import Column

Rounds = Mapping[str, Sequence[Mapping[str, Any]]]
"""The figures of each row, by name, round by round."""

COLUMNS = (
    Column("text", "ratio"),
    Column("value", "measured", ",.2f"),
    Column("must", "must"),
    Column("reach", "reach for"),
    Column("verdict", "verdict"),
)


@dataclass(frozen=True)
class Promise:
    """A figure of the row `over`, divided by that of the row `under` if there is one, and its limits.

    The median of the rounds' ratios counts: from round to round a shared machine is a quarter faster or slower, and
    medians of two rows may be of different moods. Costs are to stay below their limits, throughput above.
    """

    text: str
    figure: str
    over: str
    under: str | None
    must: float
    reach: float

    def verdict(self, rounds: Rounds) -> dict[str, Any]:
        """The promise as a row of a table."""
        sign = "≥" if self._more_is_better else "≤"
        limits = {"must": f"{sign} {self.must:,g}", "reach": f"{sign} {self.reach:,g}"}
        value = self._value(rounds)
        if value is None:
            return {"text": self.text, **limits, "verdict": "not measured"}
        return {"text": self.text, **limits, "value": round(value, 3), "verdict": self._word(value)}

    @property
    def _more_is_better(self) -> bool:
        return self.figure == "requests_s"

    def _value(self, rounds: Rounds) -> float | None:
        """None where a round lacks the figure, or what it is divided by."""
        over = self._figures(rounds, self.over)
        under = self._figures(rounds, self.under) if self.under else [1.0] * len(over)
        if not over or len(over) != len(under) or not all(over + under):
            return None
        return float(median(one / other for one, other in zip(over, under, strict=True)))

    def _figures(self, rounds: Rounds, row: str) -> list[float]:
        """0 where a round has none."""
        return [figures.get(self.figure, 0.0) for figures in rounds.get(row, ())]

    def _word(self, value: float) -> str:
        if self._keeps(value, self.reach):
            return "held, and reached"
        return "held" if self._keeps(value, self.must) else "NOT held"

    def _keeps(self, value: float, limit: float) -> bool:
        return value >= limit if self._more_is_better else value <= limit


CPU, FLIGHT, RATE = "cpu_us", "cpu_us_flight", "requests_s"

PROMISES = (
    Promise("CPU a request, cache off ÷ empty ASGI app", CPU, "uncached", "empty-asgi", 0.5, 0.42),
    Promise("CPU a request, cached ÷ empty ASGI app", CPU, "cached", "empty-asgi", 0.55, 0.35),
    Promise("CPU a request, cache off ÷ nginx constant", CPU, "uncached", "nginx-constant", 1.75, 1.4),
    Promise("CPU a request, cached ÷ nginx constant", CPU, "cached", "nginx-constant", 1.25, 1.05),
    Promise(
        "CPU a request, cached, heads with an id of their own ÷ the same again", CPU, "proxied", "cached", 1.2, 1.1
    ),
    Promise("CPU a request, cached, such heads ÷ as long ones that repeat", CPU, "proxied", "proxied-alike", 1.2, 1.1),
    Promise("requests/s, cache off ÷ axum + ONNX Runtime", RATE, "uncached", "axum-onnx", 1.3, 1.5),
    Promise("requests/s, cache off ÷ BlackSheep + ONNX Runtime", RATE, "uncached", "blacksheep-onnx", 2, 3),
    Promise("requests/s, cache off ÷ FastAPI + ONNX Runtime", RATE, "uncached", "fastapi-onnx", 8, 12),
    Promise("requests/s, cache off ÷ the reference's way", RATE, "uncached", "reference", 700, 1000),
    Promise("requests/s, Starlette path, cache off ÷ empty ASGI app", RATE, "starlette", "empty-asgi", 0.55, 0.7),
    Promise("CPU a flight, batch of 1,000 ÷ bare ONNX Runtime", FLIGHT, "batch-1000", "bare-onnx", 1.6, 1.25),
    Promise("CPU a flight, batch of 1,000 ÷ in Python", FLIGHT, "batch-1000", "python-batch-1000", 0.5, 0.4),
    Promise("seconds from start to the first 200", "first_200_s", "start", None, 1.2, 0.6),
    Promise("MiB of memory a worker", "worker_mib", "start", None, 100, 70),
)


def verdicts(rounds: Rounds) -> list[dict[str, Any]]:
    """Each promise with what the rounds make of it."""
    return [promise.verdict(rounds) for promise in PROMISES]

"""`python -m bench runtimes`: the golden vectors in every runtime of `examples/`, one after the other."""

from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench import examples, options, results
from bench.errors import BenchError
from bench.examples import EXAMPLES, Example
from bench.results import Result
from bench.rounds import in_turn
from bench.table import Column, table
from export.progress import step

TITLE = "The same model in other runtimes"
NAMES = tuple(example.name for example in EXAMPLES)

COLUMNS = (
    Column("runtime", "runtime"),
    Column("version", "version"),
    Column("file", "file"),
    Column("difference", "largest difference", ".1e"),
    Column("alone_us", "µs a flight, alone", ",.1f"),
    Column("batch_us", "µs a flight, of 1,000", ",.2f"),
    Column("alone_ratio", "alone ÷ Python", ".2f"),
    Column("batch_ratio", "of 1,000 ÷ Python", ".2f"),
    Column("limits", "known limits"),
)


@click.command("runtimes")
@options.number("--rounds", 5, "Times that each example is checked, in turn; medians count.")
@click.option("--examples", "names", type=options.words(*NAMES), default=",".join(NAMES), show_default=True)
@options.out("runtimes")
def command(rounds: int, names: list[str], out: Path) -> None:
    """Run the examples' checks and compare their speed with ONNX Runtime's in Python."""
    chosen = {example.name: example for example in EXAMPLES if example.name in {*names, "python"}}
    reasons = {name: _built(example) for name, example in chosen.items()}
    header = results.header()
    ready = [name for name, reason in reasons.items() if not reason]
    found = in_turn(ready, rounds, lambda name: examples.check(chosen[name]), _told)
    rows = [row for name in ready for row in _rows(chosen[name], found[name])]
    rows += [{"row": name, "reason": reason} for name, reason in reasons.items() if reason]
    results.publish({"header": header, "rows": rows}, out, render)


def render(result: Result) -> str:
    """The table; speed is compared with Python's run of `pipeline.onnx`."""
    first = result["rows"][0]
    rows = [row if "reason" in row else {**row, **_ratios(row, first)} for row in result["rows"]]
    return table(COLUMNS, rows)


def _ratios(row: dict[str, Any], first: dict[str, Any]) -> dict[str, float]:
    return {f"{way}_ratio": row[f"{way}_us"] / first[f"{way}_us"] for way in ("alone", "batch")}


def _built(example: Example) -> str | None:
    """Build it; why it cannot be checked here, if so."""
    if tool := example.missing():
        return f"{tool} is not installed"
    try:
        step(f"building {example.name}", partial(examples.build, example), lambda _: "built")
    except BenchError as error:
        return str(error)
    return None


def _rows(example: Example, rounds: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """A row for each file that the example runs: the largest difference, the median times."""
    return [
        {
            "row": example.name,
            **lines[0],
            "difference": max(line["difference"] for line in lines),
            **{key: round(median(line[key] for line in lines), 3) for key in ("alone_us", "batch_us")},
            "limits": next((text for word, text in example.limits.items() if word in lines[0]["runtime"]), ""),
        }
        for lines in zip(*rounds, strict=True)
    ]


def _told(found: list[dict[str, Any]]) -> str:
    return "; ".join(f"{each['alone_us']:.1f} us alone, {each['batch_us']:.2f} in a batch" for each in found)

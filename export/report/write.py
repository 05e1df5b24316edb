"""The plan of a report -> its page, its pictures and its figures on disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from export.data.flights import read_ids
from export.files import write_file
from export.learn.protocols import Split, backtest, random_part, reference_split
from export.progress import Progress
from export.report.page import html_page
from export.report.pictures import draw_all
from export.report.sheet import sheet
from export.report.study import Plan, study, thinned
from export.report.text import model_page
from export.tried.columns import Table, read_table

IMAGES = "img"
DIGITS = 6


def make_plan(data: Path, listed: Path | None, quick: bool) -> Plan:
    """Read the flights and split them by both protocols, without a list by a random fifth. Raises ExportError."""
    table = read_table(data)
    easy = reference_split(table.flights, read_ids(listed)) if listed else _random_fifth(table)
    future = backtest(table.flights)
    if quick:
        easy, future = thinned(easy), thinned(future)
    return Plan(table, easy, future, listed is not None, quick)


def _random_fifth(table: Table) -> list[Split]:
    rest, test = random_part(np.arange(len(table.flights)), share=0.2, seed=1)
    return [Split("reference-split", *random_part(rest), test)]


def write_report(plan: Plan, folder: Path, progress: Progress) -> list[Path]:
    """Compute, draw and write; the files written. Raises ExportError."""
    figures = rounded(study(plan, progress))
    names = ("model.md", "model.json", "model.html", "ficha.html")
    page, numbers, shown, short = (folder / name for name in names)
    pictures = draw_all(figures, folder / IMAGES)
    write_file(numbers, (json.dumps(figures, indent=1, ensure_ascii=False) + "\n").encode())
    text = model_page(figures, IMAGES)
    write_file(page, text.encode())
    write_file(shown, html_page(text).encode())
    write_file(short, sheet(figures).encode())
    return [page, numbers, shown, short, *pictures]


def rounded(value: Any) -> Any:
    """The same with its numbers to six digits after the point: what is beyond says nothing."""
    match value:
        case float():
            return round(value, DIGITS)
        case dict():
            return {key: rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [rounded(each) for each in value]
        case _:
            return value

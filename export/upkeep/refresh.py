"""A bundle and newer flights -> the same model with new tables, proved again. It trains nothing and writes nothing."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from export.assemble import about_data, about_of, check_ranks, proved
from export.bundle import Bundle, make_bundle, with_range
from export.data.codes import Codes
from export.data.flights import FlightId, Flights, stray_sentence, strays
from export.errors import ExportError
from export.graph.convert import with_level as with_base
from export.graph.drawn import samples
from export.graph.verify import prove
from export.learn.effects.effect import Effects
from export.learn.evidence.count import add
from export.learn.fitted.level import refreshed
from export.learn.fitted.linear import Linear, Truth, adding_up
from export.learn.fitted.trained import Boosted, Trained
from export.learn.recipes import RECIPES, AnyRecipe
from export.learn.tables import Table
from export.names import spellings
from export.progress import Progress

MOVED = 0.05
"""A table's value that has changed by more than this is told."""


@dataclass(frozen=True)
class Change:
    """What became of one table."""

    name: str
    values: int
    new: int
    gone: int
    moved: int


def refresh(
    old: Bundle,
    truth: Truth,
    flights: Flights,
    version: str | None,
    progress: Progress,
    codes: Codes | None = None,
    with_level: bool = True,
) -> tuple[Bundle, list[Change]]:
    """New tables for the old model, from all of `flights`, and the level that the newest of them ask for.

    It takes the place of the old one's, if that had any. Raises ExportError, where the proof fails too.
    """
    recipe = _recipe(old)
    about = about_of(old.manifest)
    about["version"] = next_version(about["version"]) if version is None else version
    if isinstance(recipe, Effects) and truth != adding_up(len(old.tables)):
        raise ExportError(f"model.onnx does not add up its tables, as the recipe {recipe.name} does: train it again")
    model = truth if isinstance(truth, Linear) else Boosted(truth)
    trained = refreshed(Trained(recipe, model, old.tables, about["threshold"]), flights)
    about["level"] = level = float(np.float32(trained.level)) if with_level else 0.0
    content = old.model
    if level != about_of(old.manifest)["level"]:
        moved = with_base(onnx.load_from_string(old.model), level)
        content = moved.SerializeToString(deterministic=True)
    drawn = samples(trained.tables, flights.parts)
    tables, parity = prove(truth, onnx.load_from_string(content), trained.tables, drawn, progress, level)
    check_ranks(truth, tables, flights)
    names = spellings(tables, codes, old.names)  # the old ones too: a log's flights have no codes
    data, evidence = about_data(flights, tables), add(old.evidence, tables, flights)
    made = with_range(make_bundle(content, tables, about, data, parity, names, evidence), old.manifest.get("range"))
    new = proved(made, drawn, progress)
    return new, [_change(before, after) for before, after in zip(old.tables, new.tables, strict=True)]


def _recipe(old: Bundle) -> AnyRecipe:
    name = old.manifest["model"].get("recipe")
    if name not in RECIPES:
        raise ExportError(
            f"the bundle's recipe is {name!r}; only {', '.join(RECIPES)} say how tables are made. "
            "Of a model of your own, make the new tables as you made the old ones, and `convert --data` them"
        )
    recipe = RECIPES[name]
    wanted = [(each.name, each.key) for each in recipe.features]
    if wanted != [(table.name, table.key) for table in old.tables]:
        raise ExportError(f"the bundle's features are not those of the recipe {name}: train it again")
    return recipe


def next_version(version: str) -> str:
    """The last whole number in it, one higher: 1 -> 2, 2017.9 -> 2017.10. Raises ExportError where it has none."""
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", version, re.S)
    if not found:
        raise ExportError(f"the version {version!r} has no number to raise: give one with --version")
    before, number, after = found.groups()
    return f"{before}{int(number) + 1}{after}"


def joined(parts: Sequence[Flights]) -> Flights:
    """The flights of several files as one, those that are in two of them once. Raises ExportError.

    Its sha256 is that of the files' own, each in a line.
    """
    if len(parts) == 1:
        return parts[0]
    sums = [part.sha256 for part in parts]
    if len(set(sums)) < len(sums):
        raise ExportError("the same file is given twice: its flights would count double")
    if len({part.happened for part in parts}) > 1:
        raise ExportError("some files have Fecha-O and others lack it: join the outcomes first")
    digest = hashlib.sha256("\n".join(sums).encode()).hexdigest()
    if not parts[0].happened:  # a log's flights count as often as they were asked for
        return Flights([flight for part in parts for flight in part.ids], np.zeros(0, dtype=np.bool_), digest)
    rows = _rows_once(parts)
    twice = sum(map(len, parts)) - sum(map(len, rows))
    notes = [note for part in parts for note in part.notes]
    if twice:
        notes.append(f"{twice:,} flights are in two of the files: they are counted once, as the first of them tells")
    ids = [part.ids[row] for part, own in zip(parts, rows, strict=True) for row in own]
    delayed = np.concatenate([part.delayed[own] for part, own in zip(parts, rows, strict=True)])
    flights = Flights(ids, delayed, digest, tuple(notes))
    few = strays(flights.scheduled)
    if len(few):
        raise ExportError(stray_sentence(flights, few))
    return flights


def _rows_once(parts: Sequence[Flights]) -> list[list[int]]:
    """Of each file the rows that no file before it has; one file may have two flights that look the same."""
    counted: Counter[FlightId] = Counter()
    rows = []
    for part in parts:
        met: Counter[FlightId] = Counter()
        own = []
        for row, flight in enumerate(part.ids):
            met[flight] += 1
            if met[flight] > counted[flight]:
                own.append(row)
        counted |= met
        rows.append(own)
    return rows


def _change(before: Table, after: Table) -> Change:
    both = before.values.keys() & after.values.keys()
    return Change(
        after.name,
        len(after.values),
        len(after.values.keys() - both),
        len(before.values.keys() - both),
        sum(abs(after.values[key] - before.values[key]) > MOVED for key in both),
    )


def as_text(old: dict[str, Any], new: dict[str, Any], changes: Sequence[Change]) -> str:
    """What changed, as lines for a terminal."""
    lines = []
    for name, manifest in (("before", old), ("now", new)):
        about = about_of(manifest)
        lines.append(
            f"{name:<7} version {about['version']}: {_told(manifest.get('data'))}; level {about['level']:+.3f}"
        )
    lines += ["", f"{'table':<48} values    new   gone  moved by more than {MOVED}"]
    lines += [f"{each.name:<48} {each.values:>6} {each.new:>6} {each.gone:>6} {each.moved:>6}" for each in changes]
    return "\n".join(lines)


def _told(data: Any) -> str:
    match data:
        case {"rows": int(rows), "from": str(first), "to": str(last), "delay_rate": float(rate)}:
            return f"{rows:,} flights from {first} to {last}, {100 * rate:.1f} % late"
    return "flights that it does not tell of"

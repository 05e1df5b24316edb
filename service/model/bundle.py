"""`model.onnx` and `tables/` on disk -> a checked `Bundle` in memory.

Refuses whatever does not fit together. It does not run the model: `service/model/scorer.py` does, and checks
there that the model takes as many features as the manifest names.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from operator import getitem
from pathlib import Path
from types import NoneType
from typing import Any

from service.model.evidence.counts import Evidence, read_evidence
from service.model.evidence.period import Period, period_of
from service.model.explain.ranges import Range, read_range
from service.model.fields import LARGEST_NUMBER, field, ratio, value_or_missing
from service.model.files import (
    LARGEST_JSON,
    LARGEST_MODEL,
    BundleError,
    check_sha256,
    parse_json,
    parse_object,
    read_bytes,
    short,
)
from service.model.keys import PARTS, SEPARATOR, part_value

__all__ = ["Bundle", "BundleError", "Key", "Table", "read"]

FORMATS = (1, 2)
"""The second one has evidence."""

READY = ".bundle-ready"
"""`export/exchange.py` tells what is in there."""

Key = str | int | tuple[str | int, ...]
"""A table's key: the value of its one part, or a tuple where it has several."""


@dataclass(frozen=True)
class Table:
    """One feature: its values by key, the value of a key that the table lacks, and that of the average flight.

    NaN is a missing value, which a file has null for. A `calendar` knows days of the future too: one that it lacks is
    beyond it.
    """

    name: str
    key: tuple[str, ...]
    default: float
    values: dict[Key, float]
    average: float
    calendar: bool = False


@dataclass(frozen=True)
class Bundle:
    name: str
    version: str
    recipe: str
    threshold: float
    tables: tuple[Table, ...]
    model: bytes
    model_file: Path

    flights: bytes
    """JSON: a sample of the flights that it was trained on, for people to try."""
    digest: str
    """Tells this bundle from every other: of the bytes of its manifest, model and tables."""
    names: dict[str, dict[str, str]] | None = None
    """For OPERA and SIGLADES: how people write names, folded, and the name that the tables have."""
    evidence: Evidence | None = None
    """How many flights there are behind what is told; bundles of the first format tell nothing of it."""
    period: Period | None = None
    """The flights that it was made of, where the manifest tells of them."""
    range: Range | None = None
    """How sure its probabilities are, where it tells."""


def read(folder: Path) -> Bundle:
    """Read the bundle in `folder`. Raises BundleError."""
    path = _place(folder, "tables") / "manifest.json"
    content = read_bytes(path, LARGEST_JSON)
    manifest = parse_object(path, content)
    if manifest.get("format") not in FORMATS:
        raise BundleError(path, f"its format is {short(manifest.get('format'))}, this service reads 1 and 2")
    about = field(path, manifest, "model", dict)
    model_file = _place(folder, "model.onnx")
    model = _read_model(model_file, field(path, about, "sha256", str))
    tables, contents = _read_tables(path, manifest)
    return Bundle(
        name=field(path, about, "name", str),
        version=field(path, about, "version", str),
        recipe=str(about.get("recipe", "")),
        threshold=ratio(path, "threshold", field(path, about, "threshold", float, int)),
        tables=tables,
        model=model,
        model_file=model_file,
        flights=_read_flights(folder / "flights.json"),
        digest=_digest([content, model, *contents]),
        names=_read_names(path, manifest),
        evidence=_read_evidence(path, manifest) if manifest["format"] == 2 else None,
        period=period_of(manifest.get("data")),
        range=read_range(path, manifest.get("range")),
    )


def _place(folder: Path, name: str) -> Path:
    """Where an entry is: a bundle whose exchange was cut off has some of the new one's in `READY` still."""
    ready = folder / READY / name
    return ready if ready.exists() else folder / name


def _digest(contents: Iterable[bytes]) -> str:
    digests = [hashlib.sha256(content).digest() for content in contents]
    return hashlib.sha256(b"".join(digests)).hexdigest()[:12]


def _read_flights(path: Path) -> bytes:
    """The list in that file, empty where there is none; nothing that is predicted depends on it."""
    if not path.exists():
        return b"[]"
    flights = read_bytes(path, LARGEST_JSON)
    try:
        listed = isinstance(parse_json(path, flights), list)
    except BundleError:
        listed = False
    if not listed:
        raise BundleError(path, "it should hold a JSON list of flights")
    return flights


def _read_model(path: Path, sha256: str) -> bytes:
    model = read_bytes(path, LARGEST_MODEL)
    check_sha256(path, model, sha256)
    if b"\n\x08location" in model:  # the first key of a tensor's `external_data`, as protobuf writes it
        raise BundleError(path, "it keeps data in other files; the service reads a model that is whole")
    return model


def _read_tables(manifest_path: Path, manifest: dict[str, Any]) -> tuple[tuple[Table, ...], list[bytes]]:
    """The tables, and the bytes of their files."""
    features = field(manifest_path, manifest, "features", list)
    if not features:
        raise BundleError(manifest_path, "it names no feature")
    data = manifest.get("data")
    averages = data.get("average") if isinstance(data, dict) else None
    if not isinstance(averages, dict):
        averages = {}  # a bundle of somebody's own tables, or an old one
    read = [_read_table(manifest_path, feature, averages) for feature in features]
    names = [table.name for table, _ in read]
    if len(set(names)) < len(names):
        raise BundleError(manifest_path, "two features have the same name")
    return tuple(table for table, _ in read), [content for _, content in read]


def _read_table(manifest_path: Path, feature: Any, averages: dict[str, Any]) -> tuple[Table, bytes]:
    if not isinstance(feature, dict):
        raise BundleError(manifest_path, f"a feature should be an object, not {short(feature)}")
    name = field(manifest_path, feature, "name", str)
    key = tuple(field(manifest_path, feature, "key", list))
    for part in key:
        if part not in PARTS:
            raise BundleError(manifest_path, f"feature {short(name)} has the unknown key part {short(part)}")
    if not key or len(set(key)) < len(key):
        raise BundleError(manifest_path, f"feature {short(name)} needs one or more different key parts")
    default = value_or_missing(
        manifest_path, f"the default of {short(name)}", field(manifest_path, feature, "default", float, int, NoneType)
    )
    calendar = field(manifest_path, feature, "calendar", bool) if "calendar" in feature else False
    if calendar and key != ("FECHA",):
        raise BundleError(manifest_path, f"feature {short(name)} is no calendar: its key should be FECHA alone")
    path = manifest_path.parent / f"{name}.json"
    if path.parent != manifest_path.parent or path == manifest_path or not name.isprintable():
        raise BundleError(manifest_path, f"feature {short(name)} has a name that cannot be a table's file name")
    content = read_bytes(path, LARGEST_JSON)
    if "sha256" in feature:  # bundles that were made before there was one lack it
        check_sha256(path, content, field(manifest_path, feature, "sha256", str))
    values = _read_values(path, key, parse_object(path, content))
    average = (
        value_or_missing(manifest_path, f"the average of {short(name)}", averages[name])
        if name in averages
        else default
    )
    return Table(name, key, default, values, average, calendar), content


def _read_names(manifest_path: Path, manifest: dict[str, Any]) -> dict[str, dict[str, str]] | None:
    """The spellings of names, where the manifest tells of them: bundles made before there were any lack them."""
    if "names" not in manifest:
        return None
    path = manifest_path.parent / "names.json"
    content = read_bytes(path, LARGEST_JSON)
    about = field(manifest_path, manifest, "names", dict)
    check_sha256(path, content, field(manifest_path, about, "sha256", str))
    names = parse_object(path, content)
    for part, spellings in names.items():
        if part not in ("OPERA", "SIGLADES"):
            raise BundleError(path, f"it should have spellings of OPERA and SIGLADES, not of {short(part)}")
        if not isinstance(spellings, dict) or not all(isinstance(name, str) for name in spellings.values()):
            raise BundleError(path, f"the spellings of {part} should be an object of names, not {short(spellings)}")
    return names


def _read_evidence(manifest_path: Path, manifest: dict[str, Any]) -> Evidence:
    about = field(manifest_path, manifest, "evidence", dict)
    return read_evidence(manifest_path.parent, field(manifest_path, about, "sha256", str))


def _read_values(path: Path, parts: tuple[str, ...], table: dict[str, Any]) -> dict[Key, float]:
    """`"Sky Airline|7"` of the parts OPERA and MES -> `("Sky Airline", 7)`, each with its number."""
    known = [_Values(path, part) for part in parts]
    values: dict[Key, float] = {}
    for text, value in table.items():
        if len(parts) == 1:
            key: Key = known[0][text]
        else:
            texts = text.split(SEPARATOR)
            if len(texts) != len(parts):
                raise BundleError(path, f"the key {short(text)} should have {len(parts)} parts ({'|'.join(parts)})")
            key = tuple(map(getitem, known, texts))
        usual = type(value) is float and abs(value) <= LARGEST_NUMBER
        values[key] = value if usual else value_or_missing(path, short(text), value)
    return values


class _Values(dict[str, str | int]):
    """A part's values by their texts, which keys repeat. Raises BundleError for a text that is none."""

    def __init__(self, path: Path, part: str) -> None:
        self._path, self._part = path, part

    def __missing__(self, text: str) -> str | int:
        try:
            value = self[text] = part_value(self._part, text)
        except ValueError as error:
            raise BundleError(self._path, str(error)) from None
        return value

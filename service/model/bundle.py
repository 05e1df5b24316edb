"""`model.onnx` and `tables/` on disk -> a checked `Bundle` in memory.

Refuses whatever does not fit together. It does not run the model: `service/model/scorer.py` does, and checks
there that the model takes as many features as the manifest names.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.model.keys import PARTS, SEPARATOR, part_value

FORMAT = 1

Key = str | int | tuple[str | int, ...]
"""A table's key: the value of its one part, or a tuple where it has several."""


class BundleError(Exception):
    """The bundle cannot be served. Its text names the file and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True)
class Table:
    """One feature: its values by key, the value of a key that the table lacks, and that of the average flight."""

    name: str
    key: tuple[str, ...]
    default: float
    values: dict[Key, float]
    average: float


@dataclass(frozen=True)
class Bundle:
    name: str
    version: str
    recipe: str
    threshold: float
    tables: tuple[Table, ...]
    model: bytes
    model_file: Path

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model).hexdigest()[:12]

    flights: bytes
    """JSON: a sample of the flights that it was trained on, for people to try."""


def read(folder: Path) -> Bundle:
    """Read the bundle in `folder`. Raises BundleError."""
    path = folder / "tables" / "manifest.json"
    manifest = _read_object(path)
    if manifest.get("format") != FORMAT:
        raise BundleError(path, f"its format is {manifest.get('format')!r}, this service reads format {FORMAT}")
    model = _field(path, manifest, "model", dict)
    model_file = folder / "model.onnx"
    return Bundle(
        name=_field(path, model, "name", str),
        version=_field(path, model, "version", str),
        recipe=str(model.get("recipe", "")),
        threshold=_number(path, "threshold", _field(path, model, "threshold", float, int)),
        tables=_read_tables(path, manifest),
        model=_read_model(model_file, _field(path, model, "sha256", str)),
        model_file=model_file,
        flights=_read_flights(folder / "flights.json"),
    )


def _read_flights(path: Path) -> bytes:
    """The list in that file, empty where there is none; nothing that is predicted depends on it."""
    if not path.exists():
        return b"[]"
    flights = _read_bytes(path)
    try:
        listed = isinstance(orjson.loads(flights), list)
    except orjson.JSONDecodeError:
        listed = False
    if not listed:
        raise BundleError(path, "it should hold a JSON list of flights")
    return flights


def _read_model(path: Path, sha256: str) -> bytes:
    model = _read_bytes(path)
    found = hashlib.sha256(model).hexdigest()
    if found != sha256:
        raise BundleError(
            path, f"truncated, or of another bundle: its sha256 is {found}, the manifest expects {sha256}"
        )
    return model


def _read_tables(manifest_path: Path, manifest: dict[str, Any]) -> tuple[Table, ...]:
    features = _field(manifest_path, manifest, "features", list)
    if not features:
        raise BundleError(manifest_path, "it names no feature")
    data = manifest.get("data")
    averages = data.get("average") if isinstance(data, dict) else None
    if not isinstance(averages, dict):
        averages = {}  # a bundle of somebody's own tables, or an old one
    return tuple(_read_table(manifest_path, feature, averages) for feature in features)


def _read_table(manifest_path: Path, feature: Any, averages: dict[str, Any]) -> Table:
    if not isinstance(feature, dict):
        raise BundleError(manifest_path, f"a feature should be an object, not {feature!r}")
    name = _field(manifest_path, feature, "name", str)
    key = tuple(_field(manifest_path, feature, "key", list))
    for part in key:
        if part not in PARTS:
            raise BundleError(manifest_path, f"feature {name!r} has the unknown key part {part!r}")
    if not key or len(set(key)) < len(key):
        raise BundleError(manifest_path, f"feature {name!r} needs one or more different key parts")
    default = _number(manifest_path, f"the default of {name!r}", _field(manifest_path, feature, "default", float, int))
    path = manifest_path.parent / f"{name}.json"
    if path.parent != manifest_path.parent or path == manifest_path:
        raise BundleError(manifest_path, f"feature {name!r} has a name that cannot be a table's file name")
    values = {
        _native_key(path, key, text): _number(path, repr(text), value) for text, value in _read_object(path).items()
    }
    average = _number(manifest_path, f"the average of {name!r}", averages.get(name, default))
    return Table(name, key, default, values, average)


def _native_key(path: Path, parts: tuple[str, ...], text: str) -> Key:
    """`"Sky Airline|7"` of the parts OPERA and MES -> `("Sky Airline", 7)`."""
    if len(parts) == 1:
        return _native_value(path, parts[0], text)
    texts = text.split(SEPARATOR)
    if len(texts) != len(parts):
        raise BundleError(path, f"the key {text!r} should have {len(parts)} parts ({'|'.join(parts)})")
    return tuple(_native_value(path, part, value) for part, value in zip(parts, texts, strict=True))


def _native_value(path: Path, part: str, text: str) -> str | int:
    try:
        return part_value(part, text)
    except ValueError as error:
        raise BundleError(path, str(error)) from None


def _number(path: Path, what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, float | int) or not math.isfinite(value):
        raise BundleError(path, f"{what} should be a finite number, not {value!r}")
    return float(value)


def _field(path: Path, owner: dict[str, Any], name: str, *types: type) -> Any:
    if not isinstance(owner.get(name), types):
        raise BundleError(path, f"{name!r} is missing or not of type {' or '.join(t.__name__ for t in types)}")
    return owner[name]


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(_read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise BundleError(path, f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BundleError(path, "it should hold a JSON object")
    return value


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(path, error.strerror or str(error)) from None

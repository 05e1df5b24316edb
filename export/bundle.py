"""The bundle on disk, `model.onnx`, `tables/`, `pipeline.onnx`: written whole or not at all, and read for a proof."""

import hashlib
import json
import math
import shutil
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from export.errors import ExportError
from export.exchange import exchange, place
from export.graph.pipeline import to_pipeline
from export.graph.verify import Parity
from export.learn.tables import Table
from export.names import Spellings
from service.model.keys import PARTS, part_value

FORMAT = 1

LARGEST_NUMBER = 3.4028234e38
"""The rows of features are float32."""


@dataclass(frozen=True)
class Bundle:
    manifest: dict[str, Any]
    tables: list[Table]
    model: bytes
    names: Spellings | None = None
    """How people write names; bundles made before there were any have none."""

    @cached_property
    def pipeline(self) -> bytes:
        """`pipeline.onnx`, which is made of the others; its metadata tell of the model that it was made of."""
        about = self.manifest["model"]
        properties = {name: str(about[name]) for name in ("name", "version", "recipe", "threshold") if name in about}
        properties["model_sha256"] = hashlib.sha256(self.model).hexdigest()
        pipeline: bytes = to_pipeline(self.model, self.tables, properties).SerializeToString(deterministic=True)
        return pipeline


def make_bundle(
    model: bytes,
    tables: list[Table],
    about: dict[str, Any],
    data: dict[str, Any] | None,
    parity: Parity,
    names: Spellings,
) -> Bundle:
    """`about` holds the model's name, version, recipe and threshold; `data` tells of the training flights, if known."""
    manifest = {
        "format": FORMAT,
        "model": {**about, "sha256": hashlib.sha256(model).hexdigest()},
        "features": [_about_table(table) for table in tables],
        "names": {"sha256": hashlib.sha256(to_json(names)).hexdigest()},
        "data": data,
        "parity": asdict(parity),
    }
    return Bundle(manifest, tables, model, names)


def _about_table(table: Table) -> dict[str, Any]:
    digest = hashlib.sha256(_table_json(table)).hexdigest()
    return {"name": table.name, "key": list(table.key), "default": table.default, "sha256": digest}


def write(bundle: Bundle, folder: Path) -> None:
    """Put the bundle in `folder`, in place of the one there; other files stay. Cut off, it is the old or the new."""
    try:
        exchange(folder, partial(_write_files, bundle, folder))
    except OSError as error:
        raise ExportError(f"{error.filename or folder}: {error.strerror or error}") from None


def _write_files(bundle: Bundle, old: Path, folder: Path) -> None:
    tables = folder / "tables"
    tables.mkdir()
    (tables / "manifest.json").write_bytes(to_json(bundle.manifest))
    for table in bundle.tables:
        (tables / f"{table.name}.json").write_bytes(_table_json(table))
    if bundle.names is not None:
        (tables / "names.json").write_bytes(to_json(bundle.names))
    (folder / "model.onnx").write_bytes(bundle.model)
    (folder / "pipeline.onnx").write_bytes(bundle.pipeline)
    _keep_others(old / "tables", tables)


def _keep_others(old: Path, new: Path) -> None:
    """Copy what is among the old tables and is none of them."""
    if not old.is_dir():
        return
    tables = {"manifest.json", "names.json", *_named(old / "manifest.json")}
    for path in old.iterdir():
        if path.name in tables:
            continue
        if (new / path.name).exists():
            raise ExportError(f"{path}: it is none of the old bundle's tables, and the new one would overwrite it")
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


def _named(manifest: Path) -> list[str]:
    """The files of the tables that a manifest names, as far as it can be read."""
    try:
        features = _read_object(manifest).get("features")
    except ExportError:
        return []
    return [f"{each.get('name')}.json" for each in features or [] if isinstance(each, dict)]


def _table_json(table: Table) -> bytes:
    return to_json(dict(sorted(table.values.items())))


def to_json(value: Any) -> bytes:
    """JSON for people and diffs: one entry a line, text as it is, and null for NaN."""
    return (json.dumps(_with_null(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _with_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_null(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_null(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def read(folder: Path) -> Bundle:
    """Read the bundle in `folder`. Raises ExportError where its parts are missing or do not fit together."""
    manifest, tables = read_tables(place(folder, "tables"))
    path = place(folder, "model.onnx")
    model = _read_bytes(path)
    expected = manifest["model"].get("sha256") if isinstance(manifest.get("model"), dict) else None
    if hashlib.sha256(model).hexdigest() != expected:
        raise ExportError(f"{path}: its sha256 is not the one in the manifest ({expected})")
    return Bundle(manifest, tables, model, _read_names(place(folder, "tables") / "names.json", manifest))


def _read_names(path: Path, manifest: dict[str, Any]) -> Spellings | None:
    match manifest.get("names"):
        case None:
            return None
        case {"sha256": str(sha256)}:
            return _read_object(path, sha256)
    raise ExportError(f"{path.parent / 'manifest.json'}: `names` should hold the sha256 of {path.name}")


def read_pipeline(folder: Path) -> bytes | None:
    """`pipeline.onnx` in `folder`, where there is one: a server needs none. Raises ExportError."""
    path = place(folder, "pipeline.onnx")
    return _read_bytes(path) if path.exists() else None


def read_tables(folder: Path) -> tuple[dict[str, Any], list[Table]]:
    """Read `manifest.json` and the tables that its `features` name. Raises ExportError."""
    path = folder / "manifest.json"
    manifest = _read_object(path)
    if manifest.get("format") != FORMAT or isinstance(manifest["format"], bool):
        raise ExportError(f"{path}: its format is {manifest.get('format')!r}; {FORMAT} is the one known")
    features = manifest.get("features")
    if not isinstance(features, list) or not features:
        raise ExportError(f"{path}: `features` should be a list of one or more features")
    tables = [_read_table(path, feature) for feature in features]
    names = [table.name for table in tables]
    if len(set(names)) < len(names):
        raise ExportError(f"{path}: two features have the same name")
    return manifest, tables


def _read_table(manifest: Path, feature: Any) -> Table:
    match feature:
        case {"name": str(name), "key": [str(), *_] as key, "default": float() | int() | None as default}:
            pass
        case _:
            raise ExportError(
                f"{manifest}: a feature needs a name, a key (a list of texts) and a default: {feature!r:.300}"
            )
    for part in key:
        if part not in PARTS:
            raise ExportError(f"{manifest}: {name!r} has the unknown key part {part!r}; known are {', '.join(PARTS)}")
    if len(set(key)) < len(key):
        raise ExportError(f"{manifest}: {name!r} has the same key part twice")
    if Path(name).name != name or name in ("manifest", "names") or not name.isprintable():
        raise ExportError(f"{manifest}: {name!r} cannot be the name of a table's file")
    path = manifest.parent / f"{name}.json"
    number = _number(manifest, f"the default of {name!r}", default)
    values = _read_object(path, feature.get("sha256"))
    for text in values:
        _check_key(path, tuple(key), text)
    return Table(name, tuple(key), number, {text: _number(path, repr(text), value) for text, value in values.items()})


def _check_key(path: Path, key: tuple[str, ...], text: str) -> None:
    texts = text.split("|") if len(key) > 1 else [text]
    if len(texts) != len(key):
        raise ExportError(f"{path}: the key {text!r} should have the parts {'|'.join(key)}")
    for part, value in zip(key, texts, strict=True):
        try:
            part_value(part, value)
        except ValueError as error:
            raise ExportError(f"{path}: {error}") from None


def _number(path: Path, what: str, value: Any) -> float:
    """NaN, a missing value, for null."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, float | int) or not abs(value) <= LARGEST_NUMBER:
        raise ExportError(f"{path}: {what} should be a finite number that float32 holds, or null, not {value!r:.50}")
    return float(value)


def _read_object(path: Path, sha256: Any = None) -> dict[str, Any]:
    """The object in a file. `sha256` is the manifest's; bundles of before, and people's own tables, have none."""
    content = _read_bytes(path)
    found = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, found):
        raise ExportError(f"{path}: its sha256 is {found}, not the one in the manifest ({sha256})")
    try:
        value = json.loads(content, object_pairs_hook=partial(_once, path))
        json.dumps(value, ensure_ascii=False).encode()  # half a character can be read, and not be written
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ExportError(f"{path}: it should hold a JSON object")
    return value


def _once(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's entries, where each key is there once. Raises ExportError."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ExportError(f"{path}: the key {key!r} is there twice")
        found[key] = value
    return found


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None

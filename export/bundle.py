"""The bundle on disk, `model.onnx`, `tables/`, `pipeline.onnx`: written whole or not at all, and read for a proof."""

import hashlib
import json
import math
import shutil
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from export.errors import ExportError
from export.exchange import exchange, place
from export.files import read_bytes, read_object
from export.graph.pipeline import to_pipeline
from export.graph.verify import Parity
from export.learn.evidence import stored
from export.learn.evidence.count import Evidence
from export.learn.evidence.stored import check_key
from export.learn.tables import Table
from export.names import Spellings
from service.model.keys import PARTS

FORMATS = (1, 2)
"""The second one has evidence; what is made without flights has none, and is of the first."""

LARGEST_NUMBER = 3.4028234e38
"""The rows of features are float32."""


@dataclass(frozen=True)
class Bundle:
    manifest: dict[str, Any]
    tables: list[Table]
    model: bytes
    names: Spellings | None = None
    """How people write names; bundles made before there were any have none."""
    evidence: Evidence | None = None

    @cached_property
    def pipeline(self) -> bytes:
        """`pipeline.onnx`, which is made of the others; its metadata tell of the model that it was made of."""
        about = self.manifest["model"]
        properties = {name: str(about[name]) for name in ("name", "version", "recipe", "threshold") if name in about}
        properties["model_sha256"] = _sha256(self.model)
        pipeline: bytes = to_pipeline(self.model, self.tables, properties).SerializeToString(deterministic=True)
        return pipeline


def make_bundle(
    model: bytes,
    tables: list[Table],
    about: dict[str, Any],
    data: dict[str, Any] | None,
    parity: Parity,
    names: Spellings,
    evidence: Evidence | None,
) -> Bundle:
    """`about` holds the model's name, version, recipe and threshold; `data` tells of the training flights, if known."""
    counted = {"evidence": {"sha256": _sha256(stored.to_bytes(evidence))}} if evidence else {}
    manifest = {
        "format": 2 if evidence else 1,
        "model": {**about, "sha256": _sha256(model)},
        "features": [_about_table(table) for table in tables],
        "names": {"sha256": _sha256(to_json(names))},
        **counted,
        "data": data,
        "parity": asdict(parity),
    }
    return Bundle(manifest, tables, model, names, evidence)


def with_range(bundle: Bundle, told: dict[str, Any] | None) -> Bundle:
    """The same one, which tells how sure its probabilities are, where somebody measured that."""
    return replace(bundle, manifest={**bundle.manifest, "range": told}) if told else bundle


def _about_table(table: Table) -> dict[str, Any]:
    digest = _sha256(_table_json(table))
    return {"name": table.name, "key": list(table.key), "default": table.default, "sha256": digest}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
    if bundle.evidence is not None:
        (tables / stored.FILE).write_bytes(stored.to_bytes(bundle.evidence))
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
    """The files of the tables that a manifest names, as far as it can be read, and of their evidence."""
    try:
        told = read_object(manifest)
    except ExportError:
        return []
    tables = [f"{each.get('name')}.json" for each in told.get("features") or [] if isinstance(each, dict)]
    return [*tables, stored.FILE] if "evidence" in told else tables


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
    model = read_bytes(path)
    expected = manifest["model"].get("sha256") if isinstance(manifest.get("model"), dict) else None
    if _sha256(model) != expected:
        raise ExportError(f"{path}: its sha256 is not the one in the manifest ({expected})")
    names = _read_beside(place(folder, "tables") / "names.json", manifest, "names")
    path = place(folder, "tables") / stored.FILE
    counts = _read_beside(path, manifest, "evidence")
    if (counts is not None) != (manifest["format"] == 2):
        raise ExportError(f"{path.parent / 'manifest.json'}: `evidence` goes with the format 2, and only with it")
    evidence = None if counts is None else stored.from_object(path, counts, tables)
    return Bundle(manifest, tables, model, names, evidence)


def _read_beside(path: Path, manifest: dict[str, Any], what: str) -> dict[str, Any] | None:
    """A file that some bundles have beside their tables: None where the manifest does not tell of it."""
    match manifest.get(what):
        case None:
            return None
        case {"sha256": str(sha256)}:
            return read_object(path, sha256)
    raise ExportError(f"{path.parent / 'manifest.json'}: `{what}` should hold the sha256 of {path.name}")


def read_pipeline(folder: Path) -> bytes | None:
    """`pipeline.onnx` in `folder`, where there is one: a server needs none. Raises ExportError."""
    path = place(folder, "pipeline.onnx")
    return read_bytes(path) if path.exists() else None


def read_tables(folder: Path) -> tuple[dict[str, Any], list[Table]]:
    """Read `manifest.json` and the tables that its `features` name. Raises ExportError."""
    path = folder / "manifest.json"
    manifest = read_object(path)
    if manifest.get("format") not in FORMATS or isinstance(manifest["format"], bool):
        raise ExportError(f"{path}: its format is {manifest.get('format')!r}; 1 and 2 are those known")
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
    if Path(name).name != name or name in ("manifest", "names", "evidence") or not name.isprintable():
        raise ExportError(f"{manifest}: {name!r} cannot be the name of a table's file")
    path = manifest.parent / f"{name}.json"
    number = _number(manifest, f"the default of {name!r}", default)
    values = read_object(path, feature.get("sha256"))
    for text in values:
        check_key(path, tuple(key), text)
    return Table(name, tuple(key), number, {text: _number(path, repr(text), value) for text, value in values.items()})


def _number(path: Path, what: str, value: Any) -> float:
    """NaN, a missing value, for null."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, float | int) or not abs(value) <= LARGEST_NUMBER:
        raise ExportError(f"{path}: {what} should be a finite number that float32 holds, or null, not {value!r:.50}")
    return float(value)

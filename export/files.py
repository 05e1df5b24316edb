"""Files written whole or not at all, told before the work where it cannot be done, and JSON read with one meaning."""

import errno
import hashlib
import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from export.errors import ExportError


def make_folder(path: Path) -> None:
    """Where it is not there yet. Raises OSError, and not that a file exists where its name or one above is a file's."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None


def write_file(path: Path, content: bytes) -> None:
    """In place of the file there, once all is on disk; a device or a pipe is written as it is. Raises ExportError."""
    beside = None
    try:
        make_folder(path.parent)
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        target = path.resolve()  # a link stays one
        beside = target.with_name(f".{target.name[:200]}.{os.getpid()}")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None
    finally:
        if beside:
            beside.unlink(missing_ok=True)


def check_writable(*paths: Path | None) -> None:
    """Before the work: files can be made in these folders, whether they are there yet or not. Raises ExportError."""
    for path in paths:
        if path is None:
            continue
        folder = next(each for each in (path, *path.absolute().parents) if each.exists())
        try:
            os.rmdir(tempfile.mkdtemp(prefix=".bundle-", dir=folder))
        except OSError as error:
            raise ExportError(f"{path}: cannot be written to: {error.strerror or error}") from None


def read_object(path: Path, sha256: Any = None) -> dict[str, Any]:
    """The object in a file. `sha256` is the manifest's; bundles of before, and people's own tables, have none."""
    content = read_bytes(path)
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


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None

"""A bundle's files on disk -> bytes, and JSON objects that mean one thing only. It knows no model and no table."""

import hashlib
import json
import os
import reprlib
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

LARGEST_MODEL = 1 << 30
LARGEST_JSON = 1 << 26
"""Bytes."""

_repr = reprlib.Repr()
_repr.maxstring = 80
short = _repr.repr
"""A value as an error names it: never long, however large or deep it is."""


class BundleError(Exception):
    """The bundle cannot be served. Its text names the file and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason if len(reason) < 1000 else reason[:1000] + '…'}")


def read_bytes(path: Path, most: int) -> bytes:
    """What a regular file holds. Raises BundleError: a pipe would keep the reader waiting, a device might never end."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise BundleError(path, "it should be a regular file")
            if about.st_size > most:
                raise BundleError(path, f"it has {about.st_size} bytes, {most} are the most that is read")
            return file.read(most)
    except OSError as error:
        raise BundleError(path, error.strerror or str(error)) from None
    except ValueError as error:  # a name with NUL in it
        raise BundleError(path, str(error)) from None


def check_sha256(path: Path, content: bytes, expected: str) -> None:
    """Raises BundleError."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise BundleError(
            path, f"truncated, or of another bundle: its sha256 is {found}, the manifest expects {short(expected)}"
        )


def parse_json(path: Path, content: bytes) -> Any:
    """The value that the file's content says, where no key is there twice. Raises BundleError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
            raise BundleError(path, f"the key {short(twice)} is there twice")
        return found

    try:
        orjson.loads(content)  # the stricter of the two
        return json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise BundleError(path, f"not JSON: {error}") from None


def parse_object(path: Path, content: bytes) -> dict[str, Any]:
    """Raises BundleError."""
    value = parse_json(path, content)
    if not isinstance(value, dict):
        raise BundleError(path, "it should hold a JSON object")
    return value

"""A folder's bundle exchanged for another one, in steps that may be cut off: it is the old one or the new one, whole.

The new one is written to `.bundle-…` beside it and named `.bundle-ready` once it is whole. That is the moment: from
then on, what is in there counts, and what is not there any more has been moved to its place. Who reads looks there
first. The next that writes finishes what was cut off.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from export.errors import ExportError
from export.files import make_folder

READY = ".bundle-ready"
"""`service/model/bundle.py` looks there too."""

ENTRIES = ("model.onnx", "pipeline.onnx", "tables")
"""The tables last: a server that sees a new manifest finds the rest in its place."""


def place(folder: Path, name: str) -> Path:
    """Where an entry of the folder's bundle is."""
    ready = folder / READY / name
    return ready if ready.exists() else folder / name


def exchange(folder: Path, fill: Callable[[Path], None]) -> None:
    """Put the entries that `fill` writes into an empty folder in place of those there. Raises OSError, ExportError."""
    make_folder(folder)
    with _alone(folder):
        if (folder / READY).exists():
            move(folder)
        _sweep(folder)
        staging = Path(tempfile.mkdtemp(prefix=".bundle-", dir=folder))
        try:
            fill(staging)
            staging.chmod(0o755)
            sync(staging)
            staging.rename(folder / READY)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        try:
            move(folder)
        except OSError:
            _undo(folder)
            raise
        finally:
            if not any((folder / READY / name).exists() for name in ENTRIES):
                _sweep(folder)


def move(folder: Path) -> None:
    """Each entry that is ready to its place."""
    ready = folder / READY
    for name in ENTRIES:
        if (ready / name).exists():
            if (folder / name).exists():
                (folder / name).rename(ready / f"old {name}")
            (ready / name).rename(folder / name)
    _sync_folder(folder)


def _undo(folder: Path) -> None:
    """One entry could not be moved: the others back, and then what was ready is not so any more."""
    ready = folder / READY
    for name in ENTRIES:
        if not (ready / name).exists():
            (folder / name).rename(ready / name)
        if (ready / f"old {name}").exists():
            (ready / f"old {name}").rename(folder / name)
    ready.rename(folder / f"{READY}-not")


def _sweep(folder: Path) -> None:
    """What was left by one that was cut off; nobody else writes here now."""
    for path in folder.glob(".bundle-*"):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExportError(f"{folder}: somebody else is writing a bundle there right now") from None
        yield
    finally:
        os.close(handle)


def sync(folder: Path) -> None:
    """All that is in a folder, to the disk."""
    for path in folder.rglob("*"):
        if path.is_dir():
            _sync_folder(path)
        elif path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system has that for folders
            os.fsync(handle)
    finally:
        os.close(handle)

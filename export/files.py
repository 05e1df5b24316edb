"""Writing files: whole or not at all, and told before the work where it cannot be done."""

import os
import tempfile
from pathlib import Path

from export.errors import ExportError


def write_file(path: Path, content: bytes) -> None:
    """In place of the file there, once all is on disk; a device or a pipe is written as it is. Raises ExportError."""
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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

"""Lines -> files of a folder, a new one where the last is full, the oldest removed; only whole lines are ever left."""

import os
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex


class RotatedFiles:
    """One writer's files among those of others in the same folder, whose names no two writers share."""

    def __init__(self, folder: Path, name: str, first_line: bytes, file_bytes: int, files: int) -> None:
        self._folder = folder
        self._name = name
        self._first_line = first_line
        self._file_bytes = file_bytes
        self._files = files
        self._path = Path()
        self._file = -1
        self._size = 0

    def write(self, lines: bytes) -> None:
        """Append whole lines. Raises OSError, and then none of them is left in the file."""
        if self._file >= 0 and (self._size >= self._file_bytes or not self._path.exists()):
            self.close()
        if self._file < 0:
            self._open()
            lines = self._first_line + lines
        try:
            written = 0
            while written < len(lines):
                written += os.write(self._file, lines[written:])
        except OSError:
            self._cut_back()
            raise
        self._size += len(lines)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._path = self._folder / f"{self._name}-{now}-{token_hex(4)}.csv"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        self._size = 0
        self._remove_oldest()

    def _cut_back(self) -> None:
        """Leave the file as it was; one that holds nothing yet goes."""
        try:
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
        except OSError:
            self.close()  # the next lines go to another file
        if not self._size:
            self.close()
            self._path.unlink(missing_ok=True)

    def _remove_oldest(self) -> None:
        """The one that nobody has written to for longest goes first; 0 keeps all."""
        if not self._files:
            return
        found = []
        for path in self._folder.glob(f"{self._name}-*.csv"):
            try:
                found.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:
                continue  # another worker removed it
        for _, path in sorted(found)[: -self._files]:
            if path != self._path:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

"""A file on its way: `OUT.part`, `BAD.part`, and how far both are whole, so that a run can be gone on with.

What is recorded is on the disk before, and never more than that is believed. The files get their names once all is in
them.
"""

import csv
import fcntl
import io
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from bulk.errors import BulkError
from bulk.scoring.oddly import Wrong
from export.files import make_folder, write_file

BETWEEN = 3.0
"""Seconds between two records: what is done since the last one is done again after a kill."""

HEADER = ("line", "reason", "row")


@dataclass(frozen=True)
class Progress:
    """How far a run is: in the text or rows that come in, in lines, in the bytes of what comes out; and what it met."""

    start: int = 0
    lines: int = 0
    out: int = 0
    bad: int = 0
    flights: int = 0
    wrong: int = 0
    unknown: int = 0


def place(path: Path, ending: str = "") -> Path:
    """Beside the file, so that it can get its name: files do not move from one disk to another in one step."""
    return path.with_name(f"{path.name}.part{ending}")


class Part:
    """`same` tells runs that can go on with each other's work from others. Raises BulkError, as all of it does."""

    def __init__(self, out: Path, bad: Path, same: dict[str, Any]) -> None:
        self._out, self._bad = out, bad
        self._part, self._bad_part, self._record = place(out), place(bad), place(out, ".json")
        self._same = json.loads(json.dumps({**same, "bad": str(bad.absolute())}))
        self._file: IO[bytes] | None = None
        self._bad_file: IO[bytes] | None = None
        self._recorded = time.monotonic()

    def completed(self) -> Progress | None:
        """What a run did that came to its end and was cut off as the files got their names; they get them now."""
        done, finished = self._last()
        if not finished:
            return None
        self._name(done)
        return done

    def begin(self) -> Progress:
        """How far the last run came."""
        self._bad_file = _opened(self._bad_part)
        self._file = _opened(self._part)
        try:
            done, _ = self._last()
            if self._part.stat().st_size < done.out or self._bad_part.stat().st_size < done.bad:
                done = Progress()  # others cut them
            for file, size in ((self._file, done.out), (self._bad_file, done.bad)):
                os.truncate(file.fileno(), size)
            if not done.start:
                self._record.unlink(missing_ok=True)
        except OSError as error:
            raise self.failed(error) from None
        return done

    def _last(self) -> tuple[Progress, bool]:
        """What is recorded of a run of the same kind, and whether it came to its end."""
        try:
            record = json.loads(self._record.read_bytes())
            if record["same"] == self._same:
                return Progress(**record["done"]), bool(record["finished"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none, or somebody else's
        return Progress(), False

    @property
    def file(self) -> IO[bytes]:
        assert self._file
        return self._file

    def write(self, content: bytes | memoryview) -> int:
        self._write(self._file, content)
        return len(content)

    def write_wrong(self, lines: int, wrong: Sequence[Wrong], first: bool) -> int:
        """The size of what was written: rows that lie behind so many lines."""
        content = wrong_rows(lines, wrong, first)
        self._write(self._bad_file, content)
        return len(content)

    def _write(self, file: IO[bytes] | None, content: bytes | memoryview) -> None:
        assert file
        try:
            file.write(content)
        except OSError as error:
            raise self.failed(error) from None

    def record(self, done: Progress, now: bool = False, finished: bool = False) -> None:
        """Now and then, or `now`."""
        if not now and time.monotonic() - self._recorded < BETWEEN:
            return
        try:
            for file in (self._file, self._bad_file):
                assert file
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self.failed(error) from None
        record = {"same": self._same, "done": asdict(done), "finished": finished}
        write_file(self._record, json.dumps(record, indent=1).encode())
        self._recorded = time.monotonic()

    def finish(self, done: Progress) -> None:
        """Give the files their names."""
        self.record(done, now=True, finished=True)
        self._name(done)

    def _name(self, done: Progress) -> None:
        try:
            if not done.wrong:
                self._bad_part.unlink(missing_ok=True)
                self._bad.unlink(missing_ok=True)  # that of an earlier run, which is replaced
            for part, path in ((self._bad_part, self._bad), (self._part, self._out)):
                if part.exists():
                    part.replace(path)
            self._record.unlink()
        except OSError as error:
            raise self.failed(error) from None

    def close(self) -> None:
        for file in (self._file, self._bad_file):
            if file:
                with suppress(OSError):  # told when it was written
                    file.close()

    def failed(self, error: OSError) -> BulkError:
        return BulkError(f"{self._out}: {error.strerror or error}")


def _opened(path: Path) -> IO[bytes]:
    """To go on with, by no other run."""
    try:
        make_folder(path.parent)
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BulkError(f"{path}: another run writes it") from None
    except OSError as error:
        raise BulkError(f"{path}: {error.strerror or error}") from None
    return file


def wrong_rows(lines: int, wrong: Sequence[Wrong], first: bool) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    if first and wrong:
        rows.writerow(HEADER)
    rows.writerows([lines + each.line + 1, each.reason, each.text] for each in wrong)
    return text.getvalue().encode(errors="backslashreplace")

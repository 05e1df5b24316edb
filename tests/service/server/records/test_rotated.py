"""Files that are full, too many, removed, or cut short by the system: only whole lines are ever left."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.server.records.rotated import RotatedFiles

LINE = b"x" * 99 + b"\n"


def content(folder: Path) -> list[bytes]:
    """The longest first."""
    return sorted((path.read_bytes() for path in folder.iterdir()), key=len, reverse=True)


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """The system lets no file of this process grow beyond `size`, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_new_file_where_the_last_is_full(tmp_path: Path) -> None:
    files = RotatedFiles(tmp_path / "a" / "b", "p", b"head\n", 250, 0)
    for _ in range(7):
        files.write(LINE)
    files.close()
    assert content(tmp_path / "a" / "b") == [b"head\n" + LINE * 3, b"head\n" + LINE * 3, b"head\n" + LINE]


def test_the_oldest_go_whoever_wrote_them(tmp_path: Path) -> None:
    writers = [RotatedFiles(tmp_path, "p", b"head\n", 1, 4) for _ in range(2)]
    (tmp_path / "another.csv").write_text("not ours")
    for _ in range(5):
        for writer in writers:
            writer.write(LINE)
    assert len(list(tmp_path.glob("p-*.csv"))) == 4
    assert (tmp_path / "another.csv").exists()


def test_a_line_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    files = RotatedFiles(tmp_path, "p", b"head\n", 10_000, 0)
    files.write(LINE * 2)
    with file_limit(260), pytest.raises(OSError, match="File too large"):
        files.write(LINE * 3)
    assert content(tmp_path) == [b"head\n" + LINE * 2]
    files.write(LINE)
    assert content(tmp_path) == [b"head\n" + LINE * 3]


def test_a_file_that_cannot_begin_is_not_there(tmp_path: Path) -> None:
    files = RotatedFiles(tmp_path, "p", b"head\n", 10_000, 0)
    with file_limit(50), pytest.raises(OSError, match="File too large"):
        files.write(LINE)
    assert content(tmp_path) == []
    files.write(LINE)
    assert content(tmp_path) == [b"head\n" + LINE]


def test_a_file_or_folder_that_somebody_removed_is_made_again(tmp_path: Path) -> None:
    files = RotatedFiles(tmp_path / "a", "p", b"head\n", 10_000, 0)
    files.write(LINE)
    for path in (tmp_path / "a").iterdir():
        path.unlink()
    (tmp_path / "a").rmdir()
    files.write(LINE)
    assert content(tmp_path / "a") == [b"head\n" + LINE]

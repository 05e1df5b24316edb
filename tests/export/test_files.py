import os
from pathlib import Path

import pytest

from export.errors import ExportError
from export.files import check_writable, write_file


def test_a_file_is_replaced_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    inode = (tmp_path / "real").stat().st_ino
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_ino != inode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_full_disk_leaves_the_old_file() -> None:
    with pytest.raises(ExportError, match="No space left on device"):
        write_file(Path("/dev/full"), b"new")


def test_a_device_is_written_as_it_is() -> None:
    write_file(Path(os.devnull), b"new")
    assert not Path(os.devnull).is_file()


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in ("file", "file/folder"):
        with pytest.raises(ExportError, match=r"one\.txt: Not a directory"):
            write_file(tmp_path / folder / "one.txt", b"content")


def test_a_folder_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b", None)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "out", Path("/proc/atraso")):
        with pytest.raises(ExportError, match="cannot be written to"):
            check_writable(path)

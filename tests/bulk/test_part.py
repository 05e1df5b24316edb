"""A file on its way, when its run was cut off as the files were about to get their names."""

from pathlib import Path

from bulk.scoring.oddly import Wrong
from bulk.writing.part import Part, Progress


def test_who_asks_for_the_bad_rows_elsewhere_does_not_get_a_run_without_them(tmp_path: Path) -> None:
    out, here, elsewhere = (tmp_path / name for name in ("out.csv", "bad.csv", "elsewhere.csv"))
    cut_off = Part(out, here, {"job": 1})
    cut_off.begin()
    done = Progress(1, 1, cut_off.write(b"row\n"), cut_off.write_wrong(0, [Wrong(0, "why", "broken")], True), 1, 1)
    cut_off.record(done, now=True, finished=True)
    cut_off.close()
    assert Part(out, elsewhere, {"job": 1}).completed() is None
    assert not out.exists()
    assert Part(out, here, {"job": 1}).completed() == done
    assert out.read_bytes() == b"row\n"
    assert here.read_bytes() == b"line,reason,row\n1,why,broken\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out.csv"]

import pytest

from export.progress import Bars, step


def test_a_step_is_a_line_that_ends_with_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert step("counting", lambda: 3, lambda done: f"{done} flights") == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"{'counting':<48} 3 flights\n"


def test_a_step_that_fails_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        step("dividing", lambda: 1 / 0, str)
    assert capsys.readouterr().err == f"{'dividing':<48} \n"


def test_where_nobody_looks_a_bar_is_the_line_of_its_step(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        for what in ("comparing", "scoring"):
            for done in range(3):
                bars(what, done, 3)
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.strip() for line in told.err.splitlines()] == ["comparing", "scoring"]

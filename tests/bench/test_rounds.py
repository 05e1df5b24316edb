import pytest

from bench.rounds import again, in_turn


def test_every_name_has_its_turn_before_the_next_round(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def work(name: str) -> int:
        asked.append(name)
        return len(asked)

    assert in_turn(["a", "b"], 2, work, str) == {"a": [1, 3], "b": [2, 4]}
    assert asked == ["a", "b", "a", "b"]
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == ["round", "1", "of", "2:", "a", "1"]
    assert lines[3] == ["round", "2", "of", "2:", "b", "4"]


def test_every_run_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert again("start", 3, lambda: 7, lambda done: f"{done} s") == [7, 7, 7]
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert lines[-1] == ["start", "3", "of", "3", "7", "s"]

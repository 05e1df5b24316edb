"""Short real runs of every command that measures. No test looks at how fast anything was."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import native

SHORT = ("--seconds", 1, "--connections", 8)


@pytest.fixture
def measured(run_bench: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """The result that `python -m bench args` writes, once it has ended well."""

    def measure(*args: object, **env: str) -> Any:
        out = tmp_path / "result.json"
        ended = run_bench(*args, "--out", out, **env)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("| ")
        text = out.read_text()
        result = json.loads(text)
        assert text == json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        assert str(tmp_path) not in text
        return result

    return measure


def test_run(measured: Callable[..., Any], need_tool: Callable[[str], None]) -> None:
    need_tool("wrk")
    result = measured("run", "uncached", *SHORT, ATRASO_CACHE_SIZE="7", ATRASO_STRICT="1")
    assert [row["row"] for row in result["rows"]] == ["uncached"]
    assert result["rows"][0]["server"].endswith("--workers 1 --cache-size 0")
    header = result["header"]
    assert header["command"].startswith("python -m bench run uncached --seconds 1")
    assert {"commit", "changed_since_commit", "cpu", "cores", "cpus", "date", "others_busy"} <= set(header)
    assert header["versions"]["wrk"] != "none"


def test_compare(measured: Callable[..., Any], need_tool: Callable[[str], None], tmp_path: Path) -> None:
    need_tool("wrk")
    need_tool("nginx")
    rows = "nginx-constant,cached,proxied,bare-onnx,start,reference"
    (tmp_path / "lightgbm.py").write_text("raise ModuleNotFoundError(name='lightgbm')")
    result = measured("compare", "--rounds", 1, "--rows", rows, *SHORT, PYTHONPATH=str(tmp_path))
    by_name = {row["row"]: row for row in result["rows"]}
    assert list(by_name) == rows.split(",")
    assert "needs lightgbm" in by_name["reference"]["reason"]
    assert by_name["bare-onnx"]["cpu_us_flight"] > 0
    assert by_name["start"]["worker_mib"] > 0
    measured_ratios = {each["text"] for each in result["acceptance"] if each["verdict"] != "not measured"}
    assert "CPU a request, cached ÷ nginx constant" in measured_ratios
    assert len(measured_ratios) == 4


def test_sweep(measured: Callable[..., Any], need_tool: Callable[[str], None]) -> None:
    need_tool("wrk")
    result = measured("sweep", "--workers", "2", "--connections", "4", "--cache", "on,off", "--lane", "on", *SHORT[:2])
    assert [(row["workers"], row["connections"], row["cache"]) for row in result["rows"]] == [
        (2, 4, "on"),
        (2, 4, "off"),
    ]


def test_stress(measured: Callable[..., Any], need_tool: Callable[[str], None]) -> None:
    need_tool("wrk")
    result = measured("stress", "--requests", 500, *SHORT)
    counted, fast = result["rows"]
    assert counted["requests"] >= 500
    assert counted["failed"] == fast["failed"] == 0


def test_stress_in_too_little_time_fails(fail_bench: Callable[..., str], need_tool: Callable[[str], None]) -> None:
    need_tool("wrk")
    sentence = fail_bench("stress", "--requests", 10**9, "--within", 1, *SHORT)
    assert sentence.startswith("atraso: only ")
    assert sentence.endswith("of 1,000,000,000 requests were answered within 1 s")


if shutil.which("oha"):  # it takes minutes to build, so it is no part of what everything needs

    def test_latency(measured: Callable[..., Any]) -> None:
        result = measured("latency", "--rates", "200,100", *SHORT)
        assert [row["rate"] for row in result["rows"]] == [100, 200]
        assert all(row["failed"] == 0 and row["p50_ms"] > 0 for row in result["rows"])


def test_micro(measured: Callable[..., Any]) -> None:
    result = measured("micro", "--repeats", 2)
    names = [row["row"].split()[0] for row in result["rows"]]
    assert names == ["parse", "look", "both,", "run", "run", "run", "make", *["in"] * (0 if native.missing() else 4)]
    assert all(0 < row["min_us"] <= row["median_us"] for row in result["rows"])


def test_models(measured: Callable[..., Any], small_bundle: Any) -> None:
    result = measured("models", "--bundle", small_bundle.folder, "--rounds", 2)
    assert [row["flights"] for row in result["rows"]] == [1, 1, 64, 64, 1000, 1000]
    assert all(row["run_us"] > 0 for row in result["rows"])
    assert [row["ratio"] for row in result["rows"][::2]] == [1, 1, 1]


def test_start(measured: Callable[..., Any]) -> None:
    result = measured("start", "--workers", "1,2", "--runs", 1)
    assert [row["workers"] for row in result["rows"]] == [1, 2]
    assert all(row["first_200_s"] > 0 and row["worker_mib"] > 0 for row in result["rows"])


def test_workers(measured: Callable[..., Any]) -> None:
    result = measured("workers", "--runs", 1, "--connections", 8, "--requests", 3)
    assert [row["row"] for row in result["rows"]] == ["one after another", "all at once"]
    for row in result["rows"]:
        assert sum(row["shares"][0]) == pytest.approx(1, abs=0.01)
        assert len(row["shares"][0]) == 2


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("wrk", ["run", "cached"]),
        ("wrk", ["compare"]),
        ("wrk", ["sweep"]),
        ("wrk", ["stress"]),
        ("oha", ["latency"]),
    ],
)
def test_a_missing_tool_is_a_sentence(fail_bench: Callable[..., str], tool: str, args: list[str]) -> None:
    sentence = fail_bench(*args, PATH="")
    assert sentence.startswith(f"atraso: {tool} is not installed: ")
    assert f"install {tool}" in sentence


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "bentoml"], "'bentoml' is not one of 'cached'"),
        (["compare", "--rows", "cached,bentoml"], "'bentoml' is none of nginx-constant, "),
        (["sweep", "--workers", "1,0"], "'1,0' should be whole numbers above 0, with commas between"),
        (["sweep", "--lane", "off,maybe"], "'maybe' is none of on, off"),
        (["run", "cached", "--connections", "1", "--threads", "2", "--seconds", "1"], "wrk failed: "),
    ],
)
def test_a_mistake_is_a_sentence(
    fail_bench: Callable[..., str], need_tool: Callable[[str], None], args: list[str], said: str
) -> None:
    need_tool("wrk")
    assert said in fail_bench(*args)


def test_bulk(measured: Callable[..., Any], small_csv: Path) -> None:
    """Every run gives the same rows, the killed one too, and lies between two of ONNX Runtime alone."""
    result = measured("bulk", "--data", small_csv, "--rows", 5_000, "--rounds", 1, "--processes", 1)
    alone, *runs, killed = result["rows"]
    assert alone["cpu_us"] > 0
    assert len({row["sha256"] for row in (*runs, killed)}) == 1
    assert [(row["flights"], row["bad"]) for row in (*runs, killed)] == [(4_500, 500)] * 5
    assert all(0 < row["ratio"] < 1 and len(row["ratios"].split(" to ")) == 2 for row in runs)
    assert "ratio" not in killed

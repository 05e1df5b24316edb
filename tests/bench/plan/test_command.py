"""`python -m bench plan`, from what a check found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORKER = {
    "fixed_us": 30,
    "each_us": 10,
    "cold_us": 20,
    "wire_us": 40,
    "together": True,
    "pauses_us": [],
}
FOUND = {
    "header": {},
    "measured": {"uncached": WORKER, "cached": WORKER | {"each_us": 5, "together": False}},
    "measured_header": {"command": "python -m bench plan --check", "date": "2026-01-02T03:04:05", "cpu": "A CPU"}
    | {"cpus": "server on CPU 0, load from CPU 1", "others_busy": 0.4},
    "check": [
        {
            "row": "uncached",
            "load": "overload",
            "what": "requests/s",
            "predicted": 80.0,
            "measured": 100.0,
            "rounds": [90.0, 100.0, 110.0],
            "error": -0.2,
        },
        {
            "row": "uncached",
            "load": "80% of saturation",
            "what": "p99 ms",
            "predicted": 1.0,
            "measured": 2.5,
            "rounds": [0.5, 2.5, 5.0],
            "error": -0.6,
        },
    ],
    "machine": [{"row": "uncached", "slowest": 1.25, "fastest": 0.8, "loads": 30, "again": 4}],
}


@pytest.fixture
def found(tmp_path: Path) -> Path:
    path = tmp_path / "found.json"
    path.write_text(json.dumps(FOUND))
    return path


def test_a_plan(run_bench: Callable[..., Any], found: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    args = ("plan", "--rps", 20_000, "--p99", "2ms", "--measured", found, "--out", out)
    ended = run_bench(*args)
    assert ended.returncode == 0, ended.stderr
    assert "**20,000 requests/s with p99 within 2 ms: 2 instances of 1 vCPU" in ended.stdout
    held = "1 of 2 predictions are within 20% (1 of 2 for `uncached`, 1 of 1 for the overload and the bursts)"
    assert f"{held}, 1 more may be" in ended.stdout
    assert "the worst is off by -60%" in ended.stdout
    assert "A p99 was up to 2.5 times what was predicted" in ended.stdout
    assert "0.50 to 5.00" in ended.stdout
    assert "The machine's speed changed by a factor of 1.6" in ended.stdout
    assert "the machine took 0.80 to 1.25 times what it usually does" in ended.stdout
    assert "Other programs took 40% of the CPUs meanwhile" in ended.stdout
    result = json.loads(out.read_text())
    assert [row["rps"] for row in result["costs"]] == [1, 100, 10_000, 20_000]
    assert result["measured"] == FOUND["measured"]
    assert all(row["p99_ms"] <= 2 for row in result["rows"])
    picture = out.with_suffix(".png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert run_bench(*args, "--cached", 1, "--measured", out).returncode == 0  # a plan holds what it was made of
    cached = json.loads(out.read_text())
    assert cached["plan"]["limit_rps"] > 1.5 * result["plan"]["limit_rps"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--p99", "5"], "'5' should be a number above 0 and its unit, like 5ms"),
        (["--p99", "0ms"], "'0ms' should be a number above 0"),
        (["--rps", "0"], "0 is not in the range x>=1"),
        (["--cached", "90"], "90.0 is not in the range 0<=x<=1"),
        (["--p99", "0.05ms"], "no number of machines gives a p99 of 0.05 ms: "),
        (["--p99", "2ms", "--network", "3ms"], "no number of machines gives a p99 of 2 ms: "),
        (["--measured", "/nowhere.json"], "/nowhere.json does not exist: `python -m bench plan --check` measures"),
    ],
)
def test_a_mistake_is_a_sentence(fail_bench: Callable[..., str], found: Path, args: list[str], said: str) -> None:
    assert said in fail_bench("plan", "--measured", found, "--out", found.with_name("plan.json"), *args)


def test_what_is_no_check_is_a_sentence(fail_bench: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"header": {}}')
    damaged = "other.json: it is damaged, or of another version (KeyError('%s')): `python -m bench plan --check"
    assert damaged % "measured" in fail_bench("plan", "--measured", path)
    path.write_text(json.dumps(FOUND | {"check": [{"row": "uncached"}]}))
    assert damaged % "measured" in fail_bench("plan", "--measured", path)


def test_a_missing_tool_is_a_sentence(fail_bench: Callable[..., str]) -> None:
    assert fail_bench("plan", "--check", PATH="").startswith("atraso: rustc is not installed: https://rustup.rs")

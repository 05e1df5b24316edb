import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.acceptance import verdicts
from bench.commands.report import BEGIN, END, fill
from bench.errors import BenchError
from service.settings import ROOT

HEADER: dict[str, Any] = {
    "command": "python -m bench made-up",
    "commit": "abc1234",
    "changed_since_commit": True,
    "cores": 2,
    "cpu": "A CPU",
    "cpus": "server on CPU 0, load from CPU 1",
    "date": "2026-01-02T03:04:05+00:00",
    "versions": {"python": "3.11.7", "oha": "none"},
}
LATENCY = {"p50_ms": 0.5, "p90_ms": 1.0, "p99_ms": 2.0, "p99.9_ms": 4.0}


def loaded(row: str, cost: float) -> dict[str, Any]:
    figures = {"requests_s": 1e6 / cost, "cpu_us": cost, "cpu_us_flight": cost, "peak_mib": 80.0}
    load = "wrk -t1 -c64 -d5s"
    return {
        "row": row,
        "about": f"about {row}",
        "load": load,
        "server_busy": 0.99,
        "generator_busy": 0.7,
        **figures,
        **LATENCY,
    }


def rate(asked: int, verdict: str) -> dict[str, Any]:
    figures = {"rate": asked, "requests_s": asked, "requests": asked, "server_busy": 0.5, "generator_busy": 0.4}
    return {"verdict": verdict, **figures, **LATENCY}


def swept(workers: int, connections: int, lane: str, cache: str) -> dict[str, Any]:
    return loaded("swept", 10) | {"workers": workers, "connections": connections, "lane": lane, "cache": cache}


COMPARED = [
    loaded("cached", 12.25),
    loaded("empty-asgi", 24.5),
    {"row": "reference", "about": "", "reason": "there is no booster"},
    {"row": "start", "about": "", "first_200_s": 0.5, "worker_mib": 60.0},
]
RESULTS: dict[str, dict[str, Any]] = {
    "compare": {
        "rows": COMPARED,
        "rounds": {"cached": [{}] * 3},
        "acceptance": verdicts({row["row"]: [row] for row in COMPARED}),
    },
    "latency": {"row": "cached", "limit_ms": 50, "rows": [rate(1000, "held"), rate(2000, "2 requests failed")]},
    "sweep": {"rows": [swept(w, c, lane, "on") for w in (1, 2) for c in (1, 64) for lane in ("on", "off")]},
    "micro": {"rows": [{"row": "parse the body", "min_us": 0.71, "median_us": 0.75}]},
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    for name, result in RESULTS.items():
        (folder / f"{name}.json").write_text(json.dumps({"header": HEADER, **result}))
    return folder


def test_the_page_is_made_of_the_results(run_bench: Callable[..., Any], results: Path, tmp_path: Path) -> None:
    doc, images, readme = tmp_path / "docs" / "performance.md", tmp_path / "docs" / "img", tmp_path / "README.md"
    readme.write_text(f"# atraso\n\n{BEGIN}\n{END}\n\nMore.\n")
    args = ("report", "--results", results, "--doc", doc, "--images", images, "--readme", readme)
    ended = run_bench(*args)
    assert ended.returncode == 0, ended.stderr
    page = doc.read_text()
    assert page.startswith(f"# Performance\n\n{BEGIN}\n")
    assert page.endswith(f"{END}\n")
    for text in ("12.25", "held, and reached", "`reference` has no figure: there is no booster", "2 requests failed"):
        assert text in page
    assert "`python -m bench made-up` on 2026-01-02, commit abc1234 with changes; A CPU, 2 cores" in page
    assert page.count("python 3.11.7") == len(RESULTS)
    assert "oha none" not in page
    for picture in ("throughput", "cost", "latency", "sweep"):
        assert f"](img/{picture}.png)" in page
        assert (images / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
    table = readme.read_text()
    assert "One core of an A CPU, 64 connections, 5,000 distinct flights, medians of 3 rounds in turn." in table
    assert "| **about cached** | **81,633** | **12.25** |\n| about empty-asgi | 40,816 | 24.50 |\n\n<!--" in table
    assert table.endswith("\n\nMore.\n")
    assert run_bench(*args).returncode == 0
    assert doc.read_text() == page


def test_what_stands_around_the_markers_is_kept() -> None:
    page = f"# Performance\n\nWhy.\n\n{BEGIN}\nold\n{END}\n\nWhat did not help.\n"
    filled = fill(page, "new")
    assert filled == f"# Performance\n\nWhy.\n\n{BEGIN}\n\nnew\n\n{END}\n\nWhat did not help.\n"
    assert fill(filled, "new") == filled


@pytest.mark.parametrize("page", [BEGIN, END, f"{END} {BEGIN}", f"{BEGIN} {END} {END}", f"{BEGIN} {END} {BEGIN} {END}"])
def test_a_page_without_one_pair_of_markers_is_left_alone(page: str) -> None:
    with pytest.raises(BenchError, match="followed by"):
        fill(page, "new")


def test_no_results_are_a_sentence(fail_bench: Callable[..., str], tmp_path: Path) -> None:
    sentence = fail_bench("report", "--results", tmp_path, "--doc", tmp_path / "page.md")
    assert sentence == f"atraso: {tmp_path} holds no results: `python -m bench compare` makes bench/results/local's"


DAMAGED = {
    "cut off": ("{", "not JSON"),
    "deep": ("[" * 100_000, "not JSON"),
    "a list": ("[]", "it should hold a JSON object"),
    "another file": ("{}", "it is no result of `python -m bench`"),
    "without figures": ('{"header": {}, "rows": [{"a": 1}]}', "micro.json: it is damaged, or of another version"),
}


@pytest.mark.parametrize(("text", "said"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_result_is_a_sentence(fail_bench: Callable[..., str], tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "micro.json").write_text(text)
    assert said in fail_bench("report", "--results", tmp_path, "--doc", tmp_path / "page.md")


@pytest.mark.parametrize("option", ["--doc", "--readme", "--images"])
def test_what_cannot_be_written_is_a_sentence(
    fail_bench: Callable[..., str], results: Path, tmp_path: Path, option: str
) -> None:
    places = {"--doc": "doc.md", "--readme": "README.md", "--reuse": "reuse.md", "--images": "img"}
    paths = {name: tmp_path / place for name, place in places.items()} | {option: "/dev/null/here"}
    words = [word for pair in paths.items() for word in pair]
    assert "/dev/null/here" in fail_bench("report", "--results", results, *words)


def test_a_page_that_is_no_text_is_left_alone(fail_bench: Callable[..., str], results: Path, tmp_path: Path) -> None:
    page = tmp_path / "doc.md"
    page.write_bytes(b"\xff")
    words = ("--doc", page, "--images", tmp_path / "img")
    assert fail_bench("report", "--results", results, *words) == f"atraso: {page}: it is not UTF-8"
    assert page.read_bytes() == b"\xff"


@pytest.mark.parametrize("name", ["README.md", "docs/performance.md", "docs/reuse.md"])
def test_a_page_has_one_place_for_its_tables_and_no_part_twice(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert fill(page, "tables").count("tables") >= 1
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(headings) == len(set(headings))

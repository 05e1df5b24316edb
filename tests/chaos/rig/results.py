"""The records of the full suite -> `tests/chaos/results.json` -> the table in docs/operations.md.

`python -m tests.chaos.rig.results` renders it.
"""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "tests" / "chaos" / "results.json"
PAGE = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- chaos: begin -->", "<!-- chaos: end -->"
T = TypeVar("T")
FULL = os.environ.get("ATRASO_CHAOS") == "full"
HEAD = (
    "| what was done | how often | requests | lost | lost with a killed worker | longest gap s | more |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | --- |"
)


def sized(short: T, full: T) -> T:
    """How much of a thing this run does, or which."""
    return full if FULL else short


def record(
    done: str, times: int, requests: int, lost: int = 0, excused: int = 0, gap: float = 0.0, more: str = ""
) -> None:
    """Keep what a scenario of the full suite did, in place of what it did before."""
    if not FULL:
        return
    results = read(RESULTS)
    results["header"] = header()
    results["rows"][done] = {
        "times": times, "requests": requests, "lost": lost, "excused": excused, "gap_s": round(gap, 3), "more": more
    }  # fmt: skip
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {"header": {}, "rows": {}}


def header() -> dict[str, Any]:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return {
        "commit": git("rev-parse", "--short", "HEAD"),
        "changed_since_commit": bool(git("status", "--porcelain", "--", "service", "model.onnx", "tables")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def render(results: dict[str, Any]) -> str:
    if not results["rows"]:
        return "There are no results yet: `make chaos` makes them."
    rows = [
        f"| {done} | {row['times']:,} | {row['requests']:,} | {row['lost']:,} | {row['excused']:,} "
        f"| {row['gap_s']:.2f} | {row['more']} |"
        for done, row in sorted(results["rows"].items())
    ]
    about = results["header"]
    changed = " with changes" if about["changed_since_commit"] else ""
    told = f"`make chaos` on {about['date'][:10]}, commit {about['commit']}{changed}; {about['cores']} cores, "
    return "\n".join([HEAD, *rows, "", told + f"clients and server on the same; Python {about['python']}."])


def fill(page: str, table: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE} has no {BEGIN} followed by {END}"
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), render(read(RESULTS))), encoding="utf-8")

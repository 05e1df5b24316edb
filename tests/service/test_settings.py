import os
from pathlib import Path

import pytest

from service.settings import Settings, _quota, usable_cpus

ROOT = Path(__file__).resolve().parents[2]


def test_one_worker_a_usable_cpu() -> None:
    assert 1 <= usable_cpus() <= len(os.sched_getaffinity(0))
    assert Settings().workers == usable_cpus()


@pytest.mark.parametrize(("text", "expected"), [("200000 100000\n", 2), ("150000 100000\n", 2), ("50000 100000\n", 1)])
def test_a_containers_quota_counts(tmp_path: Path, text: str, expected: int) -> None:
    cpu_max = tmp_path / "cpu.max"
    cpu_max.write_text(text)
    assert _quota(cpu_max) == expected


@pytest.mark.parametrize("text", ["max 100000\n", "", None])
def test_no_quota_is_no_limit(tmp_path: Path, text: str | None) -> None:
    cpu_max = tmp_path / "cpu.max"
    if text is not None:
        cpu_max.write_text(text)
    assert _quota(cpu_max) > 1000


def test_an_idle_connection_is_kept_longer_than_proxies_pool_it() -> None:
    """nginx and AWS' balancers keep theirs for 60 s: what the server closed first would lose a request now and then."""
    assert Settings().keep_alive > 60
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for proxy in ("nginx", "AWS ALB", "Envoy", "Cloud Run"):
        assert f"| {proxy}" in page

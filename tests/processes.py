"""Processes as Linux tells of them."""

import re
from pathlib import Path


def children(pid: int) -> list[int]:
    """Those that the first thread of `pid` started and that are still there; none where it has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def memory_kib(pid: int, which: str) -> int:
    """A line of the process's status: `VmRSS`, what it holds, or `VmHWM`, the most that it held."""
    found = re.search(rf"{which}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found.group(1))

"""Which process runs which tests, and in what order: hooks of pytest and of its xdist, which `conftest.py` takes in."""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LOADS = ("tests/bench/", "tests/chaos/")
LONG = (
    *("tests/chaos/", "tests/bench/", "tests/examples/", "tests/export/", "tests/native/test_crate", "tests/web/"),
    *("tests/bulk/", "tests/test_dockerfile", "tests/native/test_make", "tests/test_readme"),
)


class Apart(LoadScopeScheduling):
    """Shares the tests among processes by file.

    Those that load a machine stay together, so that no two loads meet, and those that build in the same folders too.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(LOADS):
            return "loads"
        return "examples" if file.startswith("tests/examples/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # the order is that of the collection, which is ours
    return Apart(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long starts first where processes share the tests, so that none is left alone with it at the end."""
    if hasattr(config, "workerinput"):
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (rank(item.nodeid), -tests[item.path], item.path))


def rank(nodeid: str) -> int:
    return next((place for place, folder in enumerate(LONG) if nodeid.startswith(folder)), len(LONG))

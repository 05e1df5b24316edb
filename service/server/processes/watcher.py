"""Has the bundle on disk changed? Its manifest tells, which is written with whatever else is."""

import time
from pathlib import Path

EVERY = 1.0
"""Seconds between two looks."""


class Watcher:
    """Looks at `tables/manifest.json`, also where the folder is a link that is turned to another one."""

    def __init__(self, bundle: Path) -> None:
        self._path = bundle / "tables" / "manifest.json"
        self._seen = self._look()
        self._next = time.monotonic() + EVERY

    def has_changed(self) -> bool:
        """Since the last change that was told. A manifest that is not there is none."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + EVERY
        found = self._look()
        if found is None or found == self._seen:
            return False
        self._seen = found
        return True

    def _look(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size

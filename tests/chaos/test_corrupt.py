"""Every range of every file of the bundle changed in turn: refused in a sentence, or proven to mean the same.

The manifest is what all else is held against, so nothing stands against itself: where a change leaves it a manifest, of
another threshold say, replies name another version.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from service.model import bundle as bundles
from service.model.bundle import Bundle, BundleError
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import ROOT

FILES = ["model.onnx", *sorted(f"tables/{path.name}" for path in (ROOT / "tables").glob("*.json"))]


def flipped(data: bytearray, start: int, stop: int, draw: random.Random) -> None:
    at = draw.randrange(start, stop)
    data[at] ^= 1 << draw.randrange(8)


def zeroed(data: bytearray, start: int, stop: int, draw: random.Random) -> None:
    data[start:stop] = bytes(stop - start)


def gone(data: bytearray, start: int, stop: int, draw: random.Random) -> None:
    del data[start:stop]


def doubled(data: bytearray, start: int, stop: int, draw: random.Random) -> None:
    data[start:start] = data[start:stop]


def digit(data: bytearray, start: int, stop: int, draw: random.Random) -> None:
    """Another digit in place of one: still JSON, and another number."""
    places = [at for at in range(start, stop) if chr(data[at]).isdigit()]
    if places:
        at = draw.choice(places)
        data[at] = ord("0") + (data[at] - ord("0") + draw.randint(1, 9)) % 10


CHANGES: tuple[Callable[[bytearray, int, int, random.Random], None], ...] = (flipped, zeroed, gone, doubled, digit)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused_or_means_the_same(live: Path, name: str) -> None:
    whole = bundles.read(live)
    path = live / name
    right, draw, refused, same, other = path.read_bytes(), random.Random(name), 0, 0, 0
    ranges = sized(6, 200)
    width = max(1, len(right) // ranges)
    for start in range(0, len(right), width):
        for change in CHANGES:
            data = bytearray(right)
            change(data, start, min(start + width, len(right)), draw)
            if data == right:
                continue
            path.write_bytes(data)
            try:
                found = bundles.read(live)
            except BundleError:
                refused += 1
                continue
            if meaning(found) == meaning(whole):
                same += 1
            else:
                assert name == "tables/manifest.json", f"{change.__name__} from byte {start}"
                assert found.digest != whole.digest, f"{change.__name__} from byte {start}"
                other += 1
    told = f"{refused:,} refused, {same:,} mean the same" + f", {other:,} are told by their version" * bool(other)
    record(f"`{name}` changed, range by range", refused + same + other, 0, more=told)


def meaning(bundle: Bundle) -> object:
    """What replies follow from: what the manifest tells beside that may change."""
    return bundle.model, bundle.tables, bundle.threshold


def test_a_file_that_is_gone_or_no_file(live: Path) -> None:
    for name in FILES:
        kept = live / "kept"
        (live / name).rename(kept)
        with pytest.raises(BundleError):
            bundles.read(live)
        (live / name).mkdir()
        with pytest.raises(BundleError):
            bundles.read(live)
        shutil.rmtree(live / name)
        kept.rename(live / name)
    bundles.read(live)

"""The hot path in Rust, where it was built and fits: makes its parts. `docs/native.md` tells what it does.

Without it the service answers the same in Python, in about twice the time.
"""

from collections.abc import Sequence
from secrets import token_hex
from typing import TYPE_CHECKING

from service.api.callers.keys import Keys
from service.api.contract import Replies
from service.model.bundle import Table
from service.server.bounds import Bounds
from service.server.lane.heads import MAX_BODY, MAX_HEAD, REQUEST_LINE

try:
    import atraso_native
except ImportError:
    atraso_native = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from atraso_native import Lane, Queue, Reader

INTERFACE = 1
"""Of the module that this one was written for."""


def missing() -> str | None:
    """Why the Rust module is of no use, where it is of none."""
    if atraso_native is None:
        return "it was not built; `make native` builds it, with a Rust toolchain"
    if atraso_native.INTERFACE != INTERFACE:
        return "it was built of another version; `make native` builds it anew"
    return None


def reader_of(tables: Sequence[Table]) -> "Reader | None":
    """None where the tables are beyond it: then Python reads every flight."""
    if missing():
        return None
    try:
        return atraso_native.Reader([(table.key, table.values, table.default) for table in tables])
    except ValueError:
        return None


def queue_of(features: int, cache_size: int, replies: Replies) -> "Queue":
    return atraso_native.Queue(4 * features, cache_size, replies.threshold, replies.low, replies.high)


def lane_of(
    reader: "Reader", queue: "Queue", bounds: Bounds, max_pending: int, keys: Keys | None, *, origins: bool
) -> "Lane":
    return atraso_native.Lane(
        reader,
        queue,
        request_line=REQUEST_LINE,
        prefix=token_hex(4).encode(),
        max_head=min(bounds.max_head, MAX_HEAD),
        max_headers=bounds.max_headers,
        max_body=min(bounds.max_body, MAX_BODY),
        max_pending=max_pending,
        keys=keys.digests if keys else None,
        origins=origins,
    )

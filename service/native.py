"""The hot path in Rust, where it was built and fits: makes its parts. `docs/architecture.md` tells what it does.

Without it the service answers the same in Python, in about twice the time.
"""

import logging
from collections.abc import Sequence
from secrets import token_hex
from typing import TYPE_CHECKING

from service.api.callers.keys import Keys
from service.api.contract import Replies
from service.api.served import Native
from service.model.bundle import Table
from service.server.bounds import Bounds
from service.server.lane.heads import MAX_BODY, MAX_HEAD, REQUEST_LINE

try:
    import atraso_native
except ImportError:
    atraso_native = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from atraso_native import Lane

logger = logging.getLogger("uvicorn.error")

INTERFACE = 4
"""Of the module that this one was written for."""


def missing() -> str | None:
    """Why the Rust module is of no use, where it is of none."""
    if atraso_native is None:
        return "it was not built; `make native` builds it, with a Rust toolchain"
    if atraso_native.INTERFACE != INTERFACE:
        return "it was built of another version; `make native` builds it anew"
    return None


def native_of(tables: Sequence[Table], replies: Replies, cache_size: int) -> Native | None:
    """None where the module is missing, or the tables are beyond it: then Python does all."""
    if missing():
        return None
    try:
        reader = atraso_native.Reader([(each.key, each.values, each.default, each.calendar) for each in tables])
    except ValueError as error:
        logger.warning("Rust does not read this bundle's flights, Python does: %s", error)
        return None
    queue = atraso_native.Queue(4 * len(tables), cache_size, replies.threshold, replies.low, replies.high)
    return Native(reader, queue)


def lane_of(native: Native, bounds: Bounds, max_pending: int, *, keys: Keys | None, origins: bool, one: bool) -> "Lane":
    """`one` where it has to stop behind each reply; `origins` where replies tell of them."""
    return atraso_native.Lane(
        *native,
        request_line=REQUEST_LINE,
        prefix=token_hex(4).encode(),
        max_head=min(bounds.max_head, MAX_HEAD),
        max_headers=bounds.max_headers,
        max_body=min(bounds.max_body, MAX_BODY),
        max_pending=max_pending,
        keys=keys.digests if keys else None,
        origins=origins,
        one=one,
    )

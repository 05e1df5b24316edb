"""What is counted of each of V2's models. The parent, which loads no numpy, has to know it too."""

from typing import NamedTuple


class Inferences(NamedTuple):
    """What a model did since the server started: times in nanoseconds, the last one in milliseconds since 1970."""

    flights: int
    runs: int
    done: int
    done_ns: int
    failed: int
    failed_ns: int
    last_ms: int

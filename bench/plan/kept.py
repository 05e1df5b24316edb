"""A `Service` in a result file, in microseconds, and read back.

A pause is a line, of how much passed before it and how long it was.
"""

from collections.abc import Mapping
from typing import Any

from bench.errors import BenchError
from bench.plan.service import Pause, Service

TIMES = ("fixed", "each", "cold", "wire")


def stored(service: Service) -> dict[str, Any]:
    times = {f"{name}_us": round(getattr(service, f"{name}_s") * 1e6, 3) for name in TIMES}
    return {
        **times,
        "together": service.together,
        "pauses_us": [f"{after * 1e6:.0f} {length * 1e6:.0f}" for after, length in service.pauses],
        "paused": round(service.paused, 5),
    }


def restored(kept: Mapping[str, Any]) -> Service:
    """Raises BenchError."""
    try:
        return Service(
            **{f"{name}_s": float(kept[f"{name}_us"]) / 1e6 for name in TIMES},
            together=bool(kept["together"]),
            pauses=tuple(_pause(*each.split()) for each in kept["pauses_us"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BenchError(f"the measured service is damaged: {error!r}") from None


def _pause(after_us: str, length_us: str) -> Pause:
    return float(after_us) / 1e6, float(length_us) / 1e6

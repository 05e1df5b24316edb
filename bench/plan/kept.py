"""A `Service` in a result file, in microseconds, and read back."""

from collections.abc import Mapping
from typing import Any

from bench.errors import BenchError
from bench.plan.service import Service

TIMES = ("fixed", "each", "cold", "wire")


def stored(service: Service) -> dict[str, Any]:
    times = {f"{name}_us": round(getattr(service, f"{name}_s") * 1e6, 3) for name in TIMES}
    return {
        **times,
        "together": service.together,
        "pauses_us": [[round(after * 1e6), round(length * 1e6)] for after, length in service.pauses],
        "paused": round(service.paused, 5),
    }


def restored(kept: Mapping[str, Any]) -> Service:
    """Raises BenchError."""
    try:
        return Service(
            **{f"{name}_s": float(kept[f"{name}_us"]) / 1e6 for name in TIMES},
            together=bool(kept["together"]),
            pauses=tuple((float(after) / 1e6, float(length) / 1e6) for after, length in kept["pauses_us"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"the measured service is damaged: {error!r}") from None

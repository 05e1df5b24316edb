"""A `Service` in a result file, in microseconds, and read back."""

from collections.abc import Mapping
from typing import Any

from bench.errors import BenchError
from bench.plan.service import Service

TIMES = ("fixed", "each", "cold", "wire")


def stored(service: Service) -> dict[str, Any]:
    times = {f"{name}_us": round(getattr(service, f"{name}_s") * 1e6, 3) for name in TIMES}
    behind = sum(service.pauses_s) / max(len(service.pauses_s), 1) * service.pauses_per_s
    return {
        **times,
        "together": service.together,
        "pauses_us": [round(length * 1e6) for length in service.pauses_s],
        "pauses_per_s": round(service.pauses_per_s, 3),
        "paused": round(behind / (1 + behind), 5),
    }


def restored(kept: Mapping[str, Any]) -> Service:
    """Raises BenchError."""
    try:
        return Service(
            **{f"{name}_s": float(kept[f"{name}_us"]) / 1e6 for name in TIMES},
            together=bool(kept["together"]),
            pauses_s=tuple(float(length) / 1e6 for length in kept["pauses_us"]),
            pauses_per_s=float(kept["pauses_per_s"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"the measured service is damaged: {error!r}") from None

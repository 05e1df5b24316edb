"""A plan as tables and sentences."""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from bench.errors import BenchError
from bench.plan.check import BURSTING, OVERLOADED, WITHIN
from bench.plan.kept import restored
from bench.plan.prices import AS_OF, CHECK
from bench.results import QUIET, Result
from bench.table import Column, table

SITUATIONS = (
    Column("situation", "situation"),
    Column("instances", "instances", ",d"),
    Column("rate", "requests/s, busiest worker", ",.0f"),
    Column("full", "of what it can do", ".0%"),
    Column("busy", "CPU", ".0%"),
    Column("p50_ms", "p50 ms", ",.2f"),
    Column("p99_ms", "p99 ms", ",.2f"),
)
COSTS = (
    Column("rps", "requests/s", ",d"),
    Column("cpu_us", "CPU µs a request", ",.1f"),
    Column("needed", "instances needed", ",d"),
    Column("instances", "with spare", ",d"),
    Column("by_request", "Cloud Run by request, $", ",.2f"),
    Column("fee", "of it the requests' fee, $", ",.2f"),
    Column("by_instance", "Cloud Run by instance, $", ",.2f"),
    Column("machines", "machines, $", ",.2f"),
)
CHECKED = (
    Column("row", "row"),
    Column("load", "load"),
    Column("what", "what"),
    Column("predicted", "predicted", ",.2f"),
    Column("measured", "measured", ",.2f"),
    Column("spread", "its median is within"),
    Column("error", "error", "+.0%"),
    Column("verdict", "verdict"),
)

HELD, UNTOLD = "held", "not told"
UNLIKELY = 0.05
UNSTEADY = 1.5
"""A machine whose speed changes by more tells little of another day, or of the hour after."""


def render(result: Result) -> str:
    """The whole plan; the check alone where the machine that was measured could not hold what was asked."""
    if "plan" not in result:
        return checked(result)
    return "\n\n".join([table(SITUATIONS, result["rows"]), _sized(result), _costs(result), checked(result)])


def _sized(result: Result) -> str:
    asked, plan, service = result["asked"], result["plan"], result["service"]
    turn = f"{service['fixed_us']:.1f} µs, {service['each_us']:.2f} a request and {service['cold_us']:.1f} after idling"
    limit = f"{plan['limit_rps']:,.0f} requests/s, {plan['limit_full']:.0%} of what it can do"
    pauses = f"{service['paused']:.1%} of the time, for up to {longest_ms(service):.0f} ms"
    size = f"{plan['instances']:,} instances of {asked['vcpus']} vCPU, a worker each"
    asks = f"{asked['rps']:,} requests/s with p99 within {asked['p99_ms']:g} ms"
    said = (
        f"**{asks}: {size}**; {plan['vcpus']:,} vCPU in all.",
        f"{asked['spare']} of the instances may be lost, in a burst of {asked['burst']:g} times that rate.",
        f"{asked['cached']:.0%} of the replies come from the cache.",
        f"A worker holds that p99 up to {limit}; {asked['margin']:.0%} of that is left for the error below.",
        f"A turn of the event loop takes {turn}, and the machine paused {pauses}. With little to do each request pays",
        "a turn of its own: the CPU is busy long before the worker is full.",
    )
    return " ".join(said)


def longest_ms(service: dict[str, Any]) -> float:
    return max((length for _, length in restored(service).pauses), default=0.0) * 1e3


def _costs(result: Result) -> str:
    asked = result["asked"]
    where = ", ".join(f"{name}: {address}" for name, address in CHECK.items())
    size = f"{asked['vcpus']} vCPU and {asked['memory_gib']:g} GiB"
    said = (
        f"Dollars a month of 730 hours, for instances of {size}, at tier {asked['tier']}'s list prices of {AS_OF},",
        f"less what is free, without traffic out ({asked['reply_bytes']} bytes a reply).",
        "By request Cloud Run keeps the instances needed; by instance and as machines the spare ones run too.",
        f"**Nobody asked for today's prices: check them** ({where}).",
    )
    return f"{table(COSTS, result['costs'])}\n\n{' '.join(said)}"


def checked(result: Result) -> str:
    """How far the simulation is off."""
    rows = [
        row | {"verdict": verdict(row), "spread": "{:,.2f} to {:,.2f}".format(*median(row))} for row in result["check"]
    ]
    worst = max((row["error"] for row in rows), key=abs)
    source = result["measured_header"]
    said = [
        "The simulation beside one real worker, fitted to other loads than these, medians of the rounds;",
        "`its median is within`: so well the rounds tell it, 19 times in 20 (sign test);",
        "`p99 of` is what a plan is made of, the rate that a worker takes within it, and where its own crossed it.",
        f"{_within(rows)}, the worst is off by {worst:+.0%}.",
        f"`{source['command']}` on {source['date'][:10]}, {source['cpu']}, {source['cpus']}.",
    ]
    for machine in result["machine"]:
        said.append(
            f"For a request of `{machine['row']}` the machine took {machine['fastest']:.2f} to {machine['slowest']:.2f}"
            f" times what it usually does; {machine['loads']} loads were done, and {machine['again']} times one again"
            " because that had changed."
        )
    return f"{table(CHECKED, rows)}\n\n{' '.join([*said, *_warnings(result)])}"


def _within(rows: Sequence[dict[str, Any]]) -> str:
    """How many predictions hold: of all, of each row, and of the loads above what a worker can do."""
    above = [row for row in rows if row["load"] in (BURSTING, OVERLOADED)]
    each = {
        f"`{name}`": [row for row in rows if row["row"] == name] for name in dict.fromkeys(row["row"] for row in rows)
    }
    some = {**each, "the overload and the bursts": above} if above else each
    counts = ", ".join(f"{_count(those, HELD)} of {len(those)} for {name}" for name, those in some.items())
    said = f"{_count(rows, HELD)} of {len(rows)} predictions are within {WITHIN:.0%} ({counts})"
    if untold := _count(rows, UNTOLD):
        said += f", {untold} more may be: they are where the rounds leave the median"
    return said


def _count(rows: Sequence[dict[str, Any]], said: str) -> int:
    return sum(row["verdict"] == said for row in rows)


def _warnings(result: Result) -> Iterator[str]:
    late = max((row["measured"] / row["predicted"] for row in result["check"] if "p99" in row["what"]), default=1.0)
    if late > 1 + WITHIN:
        yield f"**A p99 was up to {late:.1f} times what was predicted**: ask for that much less, or measure."
    if (busy := result["measured_header"]["others_busy"]) > QUIET:
        yield f"Other programs took {busy:.0%} of the CPUs meanwhile: measure again where nothing else runs."
    changed = max(machine["slowest"] / machine["fastest"] for machine in result["machine"])
    if changed > UNSTEADY:
        yield f"**The machine's speed changed by a factor of {changed:.1f}**: measure again on one that is steadier."


def median(row: dict[str, Any]) -> tuple[float, float]:
    """Where the median of ever more rounds would lie, 19 times in 20; from least to most where they are too few.

    Each round falls below it or above like a thrown coin, so that seldom few of them fall on one side.
    """
    rounds = sorted(row["rounds"])
    ways = list(accumulate(math.comb(len(rounds), heads) for heads in range(len(rounds) // 2)))
    last = max(sum(2 * each <= UNLIKELY * 2 ** len(rounds) for each in ways) - 1, 0)
    return rounds[last], rounds[-1 - last]


def verdict(row: dict[str, Any]) -> str:
    """Raises BenchError where nothing was measured."""
    if row["measured"] <= 0:
        raise BenchError(f"{row['load']}: nothing was measured")
    if abs(row["error"]) <= WITHIN:
        return HELD
    low, high = median(row)
    return UNTOLD if low <= row["predicted"] <= high else "NOT held"

"""`python -m bench plan`: how many instances hold a rate within a p99, what they cost, and how far off that may be."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bench import options, results
from bench.errors import BenchError
from bench.measure import Figures, prepared
from bench.paced import built
from bench.plan import told
from bench.plan.check import check
from bench.plan.cost import Size, monthly
from bench.plan.kept import restored, stored
from bench.plan.prices import TIERS
from bench.plan.service import Service, mixed
from bench.plan.sizing import Asked, held, scenarios, sized
from bench.plan.timeline import simulate
from bench.results import FOLDER, Result
from export.progress import say

TITLE = "Capacity"
RATES = (1, 100, 10_000)
"""Requests a second whose month is told beside that of the rate asked for."""
ROWS = ("uncached", "cached")
REPLY_BYTES = 264
"""A reply, head and body."""
UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
UNEVEN = 1.09
"""What the busier of two workers got of 64 connections, as a multiple of the average: `bench workers`, all at once."""

SHARE = click.FloatRange(0, 1)
FACTOR = click.FloatRange(min=1)

render = told.render


def duration(text: str) -> float:
    """The value of an option that takes `5ms`, in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(us|µs|ms|s)", text.strip())
    if not found or float(found[1]) == 0:
        raise click.BadParameter(f"{text!r} should be a number above 0 and its unit, like 5ms")
    return float(found[1]) * UNITS[found[2]]


@click.command("plan")
@options.number("--rps", 50_000, "Requests a second, on average.")
@click.option("--p99", type=duration, default="5ms", show_default=True, help="What 99 of 100 requests may take.")
@click.option("--cached", type=SHARE, default=0.0, show_default=True, help="Share of the replies that are cached.")
@options.number("--vcpus", 1, "vCPUs an instance, each with a worker.")
@click.option("--memory", type=click.FloatRange(min=0.125), default=0.5, show_default=True, help="GiB an instance.")
@click.option("--spare", type=click.IntRange(0), default=1, show_default=True, help="Instances that may be lost.")
@click.option("--burst", type=FACTOR, default=2.0, show_default=True, help="How much faster bursts come.")
@click.option(
    "--uneven", type=FACTOR, default=UNEVEN, show_default=True, help="The busiest worker's part of the average."
)
@click.option("--margin", type=click.FloatRange(0, 0.9), default=0.2, show_default=True, help="Left of each worker.")
@click.option(
    "--slower", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="How much slower a vCPU is."
)
@click.option(
    "--network", type=duration, default=None, help="A request's way there and back, like 2ms; it counts in p99."
)
@click.option(
    "--tier", type=click.Choice([str(tier) for tier in TIERS]), default="2", show_default=True, help="Of prices."
)
@click.option("--check", "checks", is_flag=True, help="Measure anew, and hold the simulation against it.")
@options.seconds(1)
@options.number("--rounds", 8, "How often --check goes through its loads.")
@click.option(
    "--measured",
    type=options.FILE,
    default=FOLDER / "plan.json",
    show_default=True,
    help="What an earlier --check found.",
)
@options.out("plan")
def command(
    rps: int,
    p99: float,
    cached: float,
    vcpus: int,
    memory: float,
    network: float | None,
    slower: float,
    tier: str,
    checks: bool,
    seconds: int,
    rounds: int,
    measured: Path,
    out: Path,
    **asked: Any,
) -> None:
    """How many instances hold a rate within a p99, and what a month of them costs."""
    found = _checked(seconds, rounds, p99) if checks else _known(measured)
    uncached, hits = (restored(found["measured"][name]) for name in ROWS)
    service = mixed(hits, uncached, cached).slower(slower)
    service = replace(service, wire_s=service.wire_s + (network or 0.0))
    wanted = Asked(rps, p99, vcpus=vcpus, **asked)
    size = Size(vcpus, memory)
    if checks:  # before anything is planned: where that fails, what was measured is kept
        results.write({"header": found["measured_header"], **found}, out)
        click.echo(told.checked(found) + "\n")
    told_asked = {
        "rps": rps,
        "p99_ms": p99 * 1e3,
        "cached": cached,
        "vcpus": vcpus,
        "memory_gib": memory,
        "tier": int(tier),
    }
    result = {
        "header": results.header(),
        **found,
        "asked": {
            **told_asked,
            **asked,
            "slower": slower,
            "network_ms": (network or 0.0) * 1e3,
            "reply_bytes": REPLY_BYTES,
        },
        "service": stored(service),
        **_planned(wanted, service),
        "costs": [_costs(replace(wanted, rps=each), service, size, int(tier)) for each in sorted({*RATES, rps})],
    }
    results.publish(result, out, render)
    if out.parent != FOLDER:
        _draw(result, out.with_suffix(".png"))


def _known(path: Path) -> Result:
    """What an earlier check found. Raises BenchError."""
    if not path.exists():
        raise BenchError(f"{path} does not exist: `python -m bench plan --check` measures what a plan is made of")
    found = results.read(path)
    anew = f"`python -m bench plan --check --out {path}` makes it anew"
    with results.whole(path, anew):
        known = {name: found[name] for name in ("measured", "measured_header", "check", "machine")}
        told.checked(known)
    return known


def _checked(seconds: int, rounds: int, p99_s: float) -> Result:
    """What the two rows cost, measured, and how far the simulation of them is off. Raises BenchError."""
    built()
    services: dict[str, Service] = {}
    rows: list[Figures] = []
    machine: list[Figures] = []
    with prepared() as bench:
        if bench.cpus.server is None:
            raise BenchError("--check needs two CPUs: the load generator spins, and would take the server's time")
        header = results.header(bench.cpus)
        for name in ROWS:
            checked = check(name, bench, seconds, rounds, p99_s)
            services[name] = checked.service
            rows += checked.rows
            machine.append(checked.machine)
    measured = {name: stored(service) for name, service in services.items()}
    return {"measured": measured, "measured_header": header, "check": rows, "machine": machine}


def _planned(asked: Asked, service: Service) -> Result:
    """The fleet and what it does. Raises BenchError."""
    fleet = sized(asked, service)
    rows = [
        {
            "situation": situation,
            "instances": instances,
            "rate": round(worker.rate, 1),
            "full": round(worker.full, 4),
            "busy": round(worker.busy, 4),
            "p50_ms": round(worker.p50_s * 1e3, 4),
            "p99_ms": round(worker.p99_s * 1e3, 4),
        }
        for situation, (instances, worker) in scenarios(asked, fleet, service).items()
    ]
    plan = {
        "instances": fleet.instances,
        "vcpus": fleet.workers,
        "limit_rps": round(fleet.limit.rate, 1),
        "limit_full": round(fleet.limit.full, 4),
    }
    story = simulate(asked, fleet, service)
    return {"plan": plan, "rows": rows, "timeline": story.points, "moved": story.moved}


def _costs(asked: Asked, service: Service, size: Size, tier: int) -> Figures:
    """What a month at that rate costs."""
    fleet = sized(asked, service)
    needed = fleet.instances - asked.spare
    worker = held(service, asked.rps / fleet.workers)
    bills = monthly(asked.rps, needed, fleet.instances, size, TIERS[tier], worker.p50_s)
    return {
        "rps": int(asked.rps),
        "cpu_us": round(worker.cpu_s * 1e6, 2),
        "needed": needed,
        "instances": fleet.instances,
        "by_request": round(bills.by_request.total, 2),
        "fee": round(bills.by_request.requests, 2),
        "by_instance": round(bills.by_instance.total, 2),
        "machines": round(bills.machines.total, 2),
    }


def _draw(result: Result, path: Path) -> None:
    from bench import plots  # matplotlib takes a second to import

    plots.draw(plots.capacity, result, path)
    say(f"{path}: the fleet in a burst, and without an instance")

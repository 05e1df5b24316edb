"""What was simulated with a known worker is fitted, and that worker has to come out."""

from dataclasses import replace

import numpy as np
import pytest

from bench.errors import BenchError
from bench.plan.arrivals import poisson
from bench.plan.fit import Load, fit
from bench.plan.kept import restored, stored
from bench.plan.service import Service, mixed, pauses
from bench.plan.simulation import run


def loads(worker: Service, *rates: float) -> list[Load]:
    found = []
    for seed, rate in enumerate(rates):
        due = poisson(rate, 40_000, seed)
        did = run(due, worker, seed)
        found.append(Load(due, due, did.done, did.busy_s, float(did.turns) if worker.together else None))
    return found


@pytest.mark.parametrize("together", [True, False])
def test_the_worker_comes_out_again(together: bool) -> None:
    worker = Service(30e-6, 10e-6, 20e-6, 40e-6, together, (0.002, 0.004), 10.0)
    calm, *others = loads(worker, 4_000, 15_000, 40_000, 70_000)
    found = fit([calm], others, together, 1)
    for name in ("fixed_s", "each_s", "cold_s", "wire_s"):
        assert getattr(found, name) == pytest.approx(getattr(worker, name), rel=0.1, abs=3e-6)
    assert found.pauses_per_s == pytest.approx(10, rel=0.4)
    assert np.mean(found.pauses_s) == pytest.approx(0.003, rel=0.2)
    assert restored(stored(found)).saturation(64) == pytest.approx(worker.saturation(64), rel=0.05)


def test_what_costs_nothing_can_not_be_told() -> None:
    load = loads(Service(30e-6, 10e-6), 10_000)[0]
    with pytest.raises(BenchError, match="the machine was too busy to measure"):
        fit([replace(load, cpu_s=1e-9)], [replace(load, cpu_s=-1.0)], True, 0)


def test_a_pause_is_told_once() -> None:
    due = np.arange(100) * 0.001
    latency = np.full(100, 0.0001)
    latency[10:15] = [0.005, 0.004, 0.003, 0.002, 0.001]
    assert pauses(due, latency, 1000, 0.0005) == [pytest.approx(0.006)]


def test_some_cached_replies_lie_between() -> None:
    cached, uncached = Service(30e-6, 5e-6, together=False), Service(40e-6, 10e-6)
    half = mixed(cached, uncached, 0.5)
    assert (half.fixed_s, half.each_s, half.together) == (pytest.approx(35e-6), pytest.approx(7.5e-6), True)
    assert mixed(cached, uncached, 1.0).together is False


def test_a_damaged_result_is_a_sentence() -> None:
    with pytest.raises(BenchError, match="damaged: KeyError"):
        restored({"fixed_us": 1})

"""What was simulated with a known worker is fitted, and that worker has to come out."""

from dataclasses import replace

import numpy as np
import pytest

from bench.errors import BenchError
from bench.plan.arrivals import poisson
from bench.plan.fit import RUN_IN, Load, fit, pauses
from bench.plan.kept import restored, stored
from bench.plan.service import Service, fitted, mixed
from bench.plan.simulation import run


def loads(worker: Service, *rates: float) -> list[Load]:
    found = []
    for seed, rate in enumerate(rates):
        due = poisson(rate, 40_000, seed)
        did = run(due, worker, seed)
        found.append(Load(due, due, did.done, did.busy_s, float(did.turns) if worker.together else None))
    return found


def flood(worker: Service) -> Load:
    """All due at once."""
    due = np.zeros(40_000)
    did = run(due, worker, 5, most=32)
    return Load(due, due, did.done, did.busy_s, float(did.turns))


@pytest.mark.parametrize("together", [True, False])
def test_the_worker_comes_out_again(together: bool) -> None:
    worker = Service(30e-6, 10e-6, 20e-6, 40e-6, together, ((0.13, 0.002), (0.07, 0.004)))
    calm, *busy = loads(worker, 4_000, 15_000, 40_000)
    found = fit([calm], busy, [flood(worker)], together, 1)
    assert found.each_s == pytest.approx(worker.each_s, rel=0.1)
    assert found.fixed_s + found.cold_s == pytest.approx(worker.fixed_s + worker.cold_s, rel=0.15)
    if together:  # its turns are counted, so that the two can be told apart
        assert found.fixed_s == pytest.approx(worker.fixed_s, rel=0.1)
    median, wanted = (float(np.median(run(calm.due, each, 9).done - calm.due)) for each in (found, worker))
    assert median == pytest.approx(wanted, rel=0.1)
    assert found.paused == pytest.approx(worker.paused, rel=0.2)
    assert np.mean([length for _, length in found.pauses]) == pytest.approx(0.003, rel=0.2)
    assert restored(stored(found)).saturation(64) == pytest.approx(worker.saturation(64), rel=0.05)


def test_what_costs_less_than_nothing_can_not_be_told() -> None:
    with pytest.raises(BenchError, match="the machine was too busy to measure"):
        fitted(np.array([-1.0, -2.0]), np.array([10.0, 20.0]), np.array([20.0, 20.0]), np.array([0.0, 0.0]))


@pytest.mark.parametrize("slow", [1.0, 1.25])
def test_a_slower_machine_has_the_same_worker(slow: float) -> None:
    worker = Service(30e-6, 10e-6, 20e-6, 40e-6)
    done = (*loads(worker.slower(slow), 4_000, 30_000), flood(worker.slower(slow)))
    found = fit(*([replace(load, slow=slow)] for load in done), together=True, seed=1)
    assert found.each_s == pytest.approx(worker.each_s, rel=0.05)


@pytest.mark.parametrize("together", [True, False])
def test_a_pause_is_told_once_and_without_the_work_that_waited_for_its_end(together: bool) -> None:
    """At 0.8 of what the worker can do, 3 ms leave 2.4 ms of work: a long turn, which is no pause."""
    worker = Service(30e-6, 10e-6, together=together)
    due = poisson(80_000, 80_000, 1)
    paused = 0.5
    held = np.where((due > paused) & (due < paused + 0.003), paused + 0.003, due)
    did = run(held, worker, 1)
    load = Load(due, due, did.done, did.busy_s)
    assert pauses(load, worker, 0.0005) == [(pytest.approx(paused, abs=0.001), pytest.approx(0.003, rel=0.1))]
    early = Load(due - 0.5 + RUN_IN / 2, due - 0.5 + RUN_IN / 2, did.done - 0.5 + RUN_IN / 2, did.busy_s)
    assert pauses(early, worker, 0.0005) == []


def test_some_cached_replies_lie_between() -> None:
    cached, uncached = Service(30e-6, 5e-6, together=False), Service(40e-6, 10e-6)
    half = mixed(cached, uncached, 0.5)
    assert (half.fixed_s, half.each_s, half.together) == (pytest.approx(35e-6), pytest.approx(7.5e-6), True)
    assert mixed(cached, uncached, 1.0) == cached
    often = replace(cached, pauses=((0.1, 0.01),))
    assert mixed(often, uncached, 0.0) == uncached  # it is what was held against real loads
    assert mixed(often, uncached, 0.5).pauses == often.pauses


def test_a_damaged_result_is_a_sentence() -> None:
    with pytest.raises(BenchError, match="damaged: KeyError"):
        restored({"fixed_us": 1})


def test_while_a_request_waits_a_short_silence_is_a_pause() -> None:
    """A tenth of a millisecond, which is nothing unusual between two that come at random 15,000 times a second."""
    worker = Service(0.0, 5e-6, together=False)
    due = np.sort([*np.arange(0.0, 1.0, 1 / 15_000), 0.9, 0.9])
    calm = run(due, worker, 1)
    done, free = calm.done.copy(), 0.9001 + 5e-6
    for late in np.flatnonzero(calm.done > 0.9 + 6e-6):  # the first of the two has its reply
        free = max(free, due[late]) + worker.each_s
        done[late] = free
    assert pauses(Load(due, due, calm.done, calm.busy_s), worker, 0.001) == []
    (pause,) = pauses(Load(due, due, done, calm.busy_s), worker, 0.001)
    assert pause == (pytest.approx(0.9, abs=1e-5), pytest.approx(1e-4, rel=0.1))
    assert pauses(Load(due, due, done, calm.busy_s), replace(worker, together=True), 0.001) == []

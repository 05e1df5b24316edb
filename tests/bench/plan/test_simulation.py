"""The simulation beside what queueing theory knows exactly."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.plan.arrivals import changing, poisson
from bench.plan.service import Floats, Service
from bench.plan.simulation import run

COUNT = 200_000
EACH = 100e-6
ONE_BY_ONE = Service(fixed_s=0.0, each_s=EACH, together=False)
"""A turn costs nothing of its own, and replies leave one after another: so is a queue with one server."""


def latency(load: float, service: Service = ONE_BY_ONE, work: Floats | None = None) -> Floats:
    due = poisson(load / EACH, COUNT, 7)
    return run(due, service, 7, work).done - due


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_m_d_1(load: float) -> None:
    taken = latency(load)
    assert taken.mean() == pytest.approx(EACH * (1 + load / (2 * (1 - load))), rel=0.03)
    assert np.percentile(taken, 99) == pytest.approx(EACH + m_d_1_wait(load, 0.99) * EACH, rel=0.05)


def m_d_1_wait(load: float, share: float) -> float:
    """The wait, in service times, that `share` of the customers do not exceed: Erlang's formula, inverted."""

    def within(wait: float) -> float:
        terms = (
            (load * (k - wait)) ** k / math.factorial(k) * math.exp(-load * (k - wait)) for k in range(int(wait) + 1)
        )
        return (1 - load) * math.fsum(terms)

    low, high = 0.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < share else (low, middle)
    return low


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_m_m_1(load: float) -> None:
    taken = latency(load, work=np.random.default_rng(3).exponential(EACH, COUNT))
    rate = (1 - load) / EACH
    assert taken.mean() == pytest.approx(1 / rate, rel=0.05)
    assert np.percentile(taken, 99) == pytest.approx(math.log(100) / rate, rel=0.07)


@pytest.mark.parametrize("load", [0.2, 1.0, 3.0])
def test_a_turn_that_takes_all_who_wait(load: float) -> None:
    """A server that serves any number in the same time: its latency's distribution is known, whatever the load.

    Who finds it idle takes a turn; who comes within one waits for its end, uniformly long, and then takes another.
    """
    turn = Service(fixed_s=EACH, each_s=0.0)
    due = poisson(load / EACH, COUNT, 9)
    did = run(due, turn, 9)
    idle = math.exp(-load)
    waiting = load / (load + idle)
    assert (did.done - due).mean() == pytest.approx(EACH * (1 + waiting / 2), rel=0.01)
    assert np.percentile(did.done - due, 99) == pytest.approx(EACH * (2 - 0.01 / waiting), rel=0.01)
    assert COUNT / did.turns == pytest.approx(load + idle, rel=0.01)


@pytest.mark.parametrize("together", [True, False])
def test_turns_that_grow_with_what_waits(together: bool) -> None:
    """Where the worker is hardly ever idle it is a gated queue, from turn to turn, whose moments are known."""
    fixed, each, load = 50e-6, 10e-6, 0.85
    rate = load / each
    due = poisson(rate, COUNT, 5)
    did = run(due, Service(fixed, each, together=together), 5)
    turn = fixed / (1 - load)
    square = (fixed**2 + 2 * fixed * load * turn + each * load * turn) / (1 - load**2)
    begins = square / (2 * turn) + fixed
    others = rate * square / turn
    expected = begins + each * (1 + others if together else 1 + others / 2)
    assert (did.done - due).mean() == pytest.approx(expected, rel=0.02)
    assert COUNT / did.turns == pytest.approx(rate * turn, rel=0.02)


def test_no_connection_has_two_requests_in_a_turn() -> None:
    due = np.zeros(1000)
    did = run(due, Service(1e-3, 1e-6), 0, most=100)
    assert did.turns == 10
    assert did.done[0] == did.done[99] == pytest.approx(1.1e-3)
    assert did.done[-1] == pytest.approx(11e-3)


def test_the_first_turn_after_idling_takes_longer() -> None:
    due = np.array([0.0, 0.5, 0.5001, 1.0])
    did = run(due, Service(0.001, 0.0001, cold_s=0.01, wire_s=0.1), 0)
    assert did.cold == 2  # the very first finds a worker that has just begun
    assert (did.done - due).tolist() == pytest.approx([0.1011, 0.1111, 0.1121, 0.1111])
    assert did.busy_s == pytest.approx(4 * 0.0011 + 2 * 0.01)


def test_a_pause_holds_up_what_falls_into_it() -> None:
    """At hardly any load, requests see the pauses as they are: so much of the time, uniformly long."""
    service = Service(1e-6, 0.0, pauses=((0.04, 0.004),))
    due = poisson(2000, 200_000, 1)
    taken = run(due, service, 1).done - due
    assert (taken > 2e-5).mean() == pytest.approx(1 / 11, rel=0.1)
    assert taken[taken > 2e-5].mean() == pytest.approx(0.002, rel=0.1)
    assert taken.max() <= 0.0042


def test_pauses_come_in_the_order_in_which_they_were_measured() -> None:
    """Two that follow each other closely, and then none for long: not the same as the three at random."""
    service = Service(1e-6, 0.0, pauses=((0.2, 0.001), (0.01, 0.001), (0.01, 0.003)))
    due = np.arange(0.0, 4.0, 5e-5)
    taken = run(due, service, 1).done - due
    begun = np.flatnonzero((taken[1:] > 2e-4) & (taken[:-1] < 2e-4)) + 1
    lengths = np.round(taken[begun] * 1e3).astype(int).tolist()
    assert len(lengths) > 45
    assert "113113113" in "".join(map(str, lengths))
    apart = np.diff(due[begun])
    assert sorted(set(np.round(apart, 3).tolist())) == pytest.approx([0.011, 0.203], abs=0.0011)


def test_without_arrivals_nothing_is_done() -> None:
    assert len(run(np.empty(0), ONE_BY_ONE, 0).done) == 0


def test_the_same_arguments_give_the_same_result() -> None:
    service = Service(5e-5, 1e-5, pauses=((0.05, 1e-3), (0.03, 2e-3)))
    due = poisson(40_000, 20_000, 3)
    assert np.array_equal(run(due, service, 4).done, run(due, service, 4).done)
    assert not np.array_equal(run(due, service, 4).done, run(due, service, 5).done)
    assert np.array_equal(run(due, replace(service, together=False), 4).done >= due, np.ones(len(due), bool))


def test_rates_that_change_are_kept() -> None:
    came = changing([(0.5, 1000.0), (0.5, 3000.0)] * 200, 2)
    assert len(came) / 200 == pytest.approx(2000, rel=0.02)
    assert ((came % 1) < 0.5).mean() == pytest.approx(0.25, abs=0.01)
    assert (np.diff(came) >= 0).all()


@pytest.mark.parametrize("together", [True, False])
def test_a_worker_is_woken_before_it_answers(together: bool) -> None:
    """The second request finds it awake, and waits for its own turn alone."""
    worker = Service(10e-6, 5e-6, 20e-6, together=together)
    found = run(np.array([1.0, 1.0 + 30e-6]), worker, 0)
    assert (found.done - 1.0).tolist() == pytest.approx([35e-6, 50e-6])
    assert (found.turns, found.cold) == (2, 1)

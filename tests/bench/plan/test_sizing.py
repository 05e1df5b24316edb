import numpy as np
import pytest

from bench.errors import BenchError
from bench.plan.service import Service
from bench.plan.sizing import Asked, held, scenarios, sized
from bench.plan.timeline import LOST, simulate

WORKER = Service(fixed_s=30e-6, each_s=10e-6, wire_s=50e-6)


def test_the_fleet_holds_what_is_asked_with_some_of_it_lost() -> None:
    asked = Asked(200_000, 0.001, burst=1.5, spare=2, vcpus=2, uneven=1.1)
    fleet = sized(asked, WORKER)
    found = scenarios(asked, fleet, WORKER)
    assert list(found) == ["all there", "all there, a burst", "2 lost", "2 lost, a burst"]
    assert all(worker.p99_s <= asked.p99_s for _, worker in found.values())
    instances, worst = found["2 lost, a burst"]
    assert instances == fleet.instances - 2
    assert worst.rate == pytest.approx(200_000 * 1.5 * 1.1 / instances / 2)
    fewer = 200_000 * 1.5 * 1.1 / (instances - 1) / 2
    assert fewer > fleet.limit.rate
    assert fleet.limit.p99_s <= asked.p99_s < held(WORKER, fleet.limit.rate * 1.02).p99_s


def test_a_margin_leaves_so_much_of_each_worker() -> None:
    tight, wide = (sized(Asked(1_000_000, 0.002, spare=0, margin=margin), WORKER) for margin in (0.0, 0.5))
    assert wide.instances == pytest.approx(2 * tight.instances, abs=1)


def test_a_little_is_held_by_one() -> None:
    assert sized(Asked(1, 0.005, spare=0), WORKER).instances == 1


def test_a_p99_that_nothing_holds_is_a_sentence() -> None:
    with pytest.raises(BenchError, match=r"^no number of machines gives a p99 of 0\.08 ms: .* takes 0\.09 ms"):
        sized(Asked(100, 80e-6), WORKER)


def test_a_worker_with_little_to_do_is_busier_than_full() -> None:
    """Each request has a turn of its own: 40 µs instead of the 10 that count where many come at once."""
    worker = held(WORKER, 1000)
    assert worker.full == pytest.approx(0.01)
    assert worker.cpu_s == pytest.approx(40e-6, rel=0.05)
    assert worker.p50_s == pytest.approx(90e-6, rel=0.01)


def test_a_lost_instance_leaves_its_share_to_the_others() -> None:
    asked = Asked(60_000, 0.001, burst=1.2, spare=1)
    fleet = sized(asked, WORKER)
    assert fleet.instances > 1
    story = simulate(asked, fleet, WORKER)
    assert (story.done >= story.came).all()
    while_lost = ((story.came >= LOST[0]) & (story.came < LOST[1])).sum()
    assert story.moved == pytest.approx(while_lost / fleet.instances, rel=0.05)
    assert [point["second"] for point in story.points] == pytest.approx(np.arange(100) * 0.2)
    calm, burst, away = ([p for p in story.points if a <= p["second"] < b] for a, b in ((0, 4), (4, 7), (12, 15)))
    assert np.mean([p["rps"] for p in burst]) == pytest.approx(72_000, rel=0.02)
    p50 = [float(np.mean([p["p50_ms"] for p in some])) for some in (calm, burst, away)]
    assert p50 == sorted(p50)
    assert simulate(asked, fleet, WORKER).points == story.points


def test_one_instance_alone_is_not_lost() -> None:
    asked = Asked(1000, 0.001, spare=0)
    assert simulate(asked, sized(asked, WORKER), WORKER).moved == 0

import pytest

from bench.plan.cost import Size, active, by_instance, by_request, machines
from bench.plan.prices import MONTH_S, TIERS

SMALL = Size(1, 0.5)


def test_a_request_alone_is_billed_for_a_tenth_of_a_second() -> None:
    assert active(0.001, 0.002) == pytest.approx(0.0001, rel=0.01)
    assert active(0.001, 0.101) == pytest.approx(0.0002, rel=0.01)
    assert active(1000, 0.002) == 1


@pytest.mark.parametrize(("tier", "dollars"), [(1, 165.45), (2, 192.00)])
def test_a_month_of_100_requests_a_second(tier: int, dollars: float) -> None:
    """Reckoned by hand: all of the month's 2,628,000 seconds are billed, and 262.8 million requests."""
    bill = by_request(100, 1, SMALL, TIERS[tier], 0.002)
    assert bill.total == pytest.approx(dollars, abs=0.01)
    assert bill.requests == pytest.approx((262.8 - 2) * 0.4)


def test_what_is_free_is_taken_off() -> None:
    assert by_request(0.01, 1, SMALL, TIERS[1], 0.002).total == 0
    bill = by_instance(1, SMALL, TIERS[1])
    assert bill.cpu == pytest.approx((MONTH_S - 240_000) * 0.000018)
    assert bill.memory == pytest.approx((MONTH_S / 2 - 450_000) * 0.000002)


def test_machines_cost_what_they_cost() -> None:
    assert machines(3, Size(2, 4), TIERS[1]).total == pytest.approx(3 * 730 * (2 * 0.0218 + 4 * 0.0029))

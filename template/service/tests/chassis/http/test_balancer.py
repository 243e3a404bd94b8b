# Sealed: an update replaces this file.
"""Which instance is called, and which is left out."""

from collections import Counter

import pytest

from ...conftest import discovery, http
from .time import Hand

ONE, TWO, THREE = (discovery.Instance("127.0.0.1", port) for port in (1, 2, 3))
Balancer = http.balancer.Balancer


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def balancer(hand: Hand) -> Balancer:
    made = Balancer("orders", eject_after=2, eject_seconds=10, clock=hand)
    made.update([ONE, TWO, THREE])
    return made


def fail(balancer: Balancer, instance: discovery.Instance, times: int = 2) -> None:
    others = {ONE, TWO, THREE} - {instance}
    for _ in range(times):
        member = balancer.choose(avoid=others)
        assert member.instance == instance
        balancer.release(member, False)


def chosen(balancer: Balancer, times: int = 200) -> Counter[int]:
    found: Counter[int] = Counter()
    for _ in range(times):
        member = balancer.choose()
        balancer.release(member, True)
        found[member.instance.port] += 1
    return found


def test_the_less_busy_of_two_is_called(balancer: Balancer) -> None:
    busy = [balancer.choose(avoid=[TWO, THREE]) for _ in range(5)]

    found = chosen(balancer)
    for member in busy:
        balancer.release(member, True)

    assert found[1] == 0
    assert found[2] > 0 < found[3]


def test_weights_share_the_calls(hand: Hand) -> None:
    balancer = Balancer("orders", eject_after=2, eject_seconds=10, clock=hand)
    heavy = discovery.Instance("127.0.0.1", 9, weight=9)
    balancer.update([heavy, ONE])

    members = [balancer.choose() for _ in range(100)]

    found = Counter(member.instance.port for member in members)
    assert 80 <= found[9] <= 95


def test_an_instance_that_keeps_failing_is_left_out_and_comes_back(
    balancer: Balancer, hand: Hand
) -> None:
    fail(balancer, ONE)
    assert chosen(balancer)[1] == 0

    hand.moves(10)

    assert chosen(balancer)[1] > 0


def test_each_further_absence_is_longer(balancer: Balancer, hand: Hand) -> None:
    fail(balancer, ONE)
    hand.moves(10)
    fail(balancer, ONE)
    hand.moves(10)
    assert chosen(balancer)[1] == 0

    hand.moves(10)

    assert chosen(balancer)[1] > 0


def test_where_all_are_left_out_all_are_tried(balancer: Balancer) -> None:
    for instance in (ONE, TWO, THREE):
        fail(balancer, instance)

    assert len(chosen(balancer)) == 3


def test_another_instance_is_tried_the_second_time(balancer: Balancer) -> None:
    for _ in range(50):
        member = balancer.choose(avoid=[ONE, TWO])
        balancer.release(member, True)
        assert member.instance == THREE


def test_discovery_takes_away_and_adds(balancer: Balancer) -> None:
    fail(balancer, ONE)

    balancer.update([ONE, TWO])

    assert set(chosen(balancer)) == {2}, "the record of an instance outlives a lookup"
    balancer.update([])
    with pytest.raises(http.NoInstanceError):
        balancer.choose()

# Sealed: an update replaces this file.
"""The circuit breaker: when it opens, what it lets through, when it closes."""

import pytest

from ...conftest import http
from .time import Hand


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def breaker(hand: Hand) -> "http.breaker.Breaker":
    return http.breaker.Breaker("orders", failures=3, reset_seconds=10, clock=hand)


def fail(breaker: "http.breaker.Breaker", times: int = 1) -> None:
    for _ in range(times):
        breaker.record(breaker.admit(), False)


def test_failures_in_a_row_open_it(breaker: "http.breaker.Breaker") -> None:
    fail(breaker, 2)
    breaker.record(breaker.admit(), True)
    fail(breaker, 2)
    assert breaker.state == "closed"

    fail(breaker)

    assert breaker.state == "open"
    with pytest.raises(http.CircuitOpenError) as refused:
        breaker.admit()
    assert refused.value.headers == {"Retry-After": "10"}


def test_one_probe_decides(breaker: "http.breaker.Breaker", hand: Hand) -> None:
    fail(breaker, 3)
    hand.moves(10)

    probe = breaker.admit()
    with pytest.raises(http.CircuitOpenError):
        breaker.admit()
    breaker.record(probe, False)
    assert breaker.state == "open"
    hand.moves(10)
    breaker.record(breaker.admit(), True)

    assert breaker.state == "closed"
    fail(breaker, 2)
    assert breaker.state == "closed"


def test_a_probe_that_is_cancelled_makes_way_for_another(
    breaker: "http.breaker.Breaker", hand: Hand
) -> None:
    fail(breaker, 3)
    hand.moves(10)

    breaker.record(breaker.admit(), None)

    assert breaker.admit().probe


@pytest.mark.parametrize("late", [True, False])
def test_the_outcome_of_an_earlier_state_changes_nothing(
    breaker: "http.breaker.Breaker", hand: Hand, late: bool
) -> None:
    early = breaker.admit()
    fail(breaker, 3)
    breaker.record(early, late)
    assert breaker.state == "open"

    hand.moves(10)
    probe = breaker.admit()
    breaker.record(early, late)

    assert breaker.state == "half-open"
    breaker.record(probe, True)
    assert breaker.state == "closed"

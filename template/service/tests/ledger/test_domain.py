"""The rules of accounts and payments, without anything around them."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..conftest import errors
from .conftest import domain, facts

ORDER = UUID(int=7)
AMOUNTS = st.integers(1, 1000)
MOVES = ("deposit", "withdraw", "pay", "refund", "receive", "give_back", "close", "open")
STEPS = st.lists(st.tuples(st.sampled_from(MOVES), AMOUNTS), max_size=40)


def account() -> domain.Account:
    opened = domain.Account(id=UUID(int=1))
    opened.open(owner="alice", currency="EUR", name=None)
    return opened


def move(account: domain.Account, kind: str, amount: int) -> bool:
    """Whether it was allowed."""
    acts: dict[str, Callable[[], None]] = {
        "deposit": lambda: account.deposit(amount),
        "withdraw": lambda: account.withdraw(amount),
        "pay": lambda: account.pay(amount, order_id=ORDER),
        "refund": lambda: account.refund(amount, order_id=ORDER),
        "receive": lambda: account.receive(amount, order_id=ORDER),
        "give_back": lambda: account.give_back(amount, order_id=ORDER),
        "close": account.close,
        "open": lambda: account.open(owner="alice", currency="EUR", name=None),
    }
    try:
        acts[kind]()
    except errors.ConflictError:
        return False
    return True


def replayed(events: list[object]) -> domain.Account:
    made = domain.Account(id=UUID(int=1))
    for event in events:
        made.apply(event)
    return made


@given(STEPS)
def test_the_balance_is_the_sum_of_what_has_happened(steps: list[tuple[str, int]]) -> None:
    subject = account()

    for step in steps:
        move(subject, *step)

    moved = [each for each in subject.changes if isinstance(each, facts.Movement)]
    assert subject.balance == sum(each.sign * each.amount for each in moved)


@given(STEPS)
def test_no_choice_of_anybody_takes_an_account_below_zero(steps: list[tuple[str, int]]) -> None:
    subject = account()

    for kind, amount in steps:
        if kind != "give_back":
            move(subject, kind, amount)
            assert subject.balance >= 0


@given(STEPS)
def test_what_was_refused_has_not_happened(steps: list[tuple[str, int]]) -> None:
    subject = account()

    for step in steps:
        before = (subject.state(), len(subject.changes))
        if not move(subject, *step):
            assert (subject.state(), len(subject.changes)) == before


@given(STEPS)
def test_what_has_happened_makes_the_same_again_at_every_point(
    steps: list[tuple[str, int]],
) -> None:
    subject, states = account(), []
    for step in steps:
        move(subject, *step)
        states.append((len(subject.changes), subject.state()))

    assert replayed(subject.changes).state() == subject.state()
    for count, state in states:
        assert replayed(subject.changes[:count]).state() == state


@given(st.lists(st.sampled_from(("take", "fail", "cancel")), max_size=12))
def test_a_payment_is_taken_once_and_never_after_it_was_cancelled(steps: list[str]) -> None:
    payment = domain.Payment(order_id=ORDER)

    for step in steps:
        try:
            if step == "take" and not payment.taken:
                payment.take(customer="alice", currency="EUR", amount=5)
            if step == "fail" and payment.status is domain.PaymentStatus.NEW:
                payment.fail("no money")
            if step == "cancel":
                payment.cancel()
        except domain.PaymentCancelledError:
            continue

    kinds = [type(each) for each in payment.changes]
    assert kinds.count(facts.OrderPaid) <= 1
    assert kinds.count(facts.OrderRefunded) <= kinds.count(facts.OrderPaid)
    if "cancel" in steps:
        assert not payment.taken


def test_an_account_of_old_was_in_euro() -> None:
    old = {"owner": "alice"}

    event = facts._all_were_in_euro(old)

    assert event == {"owner": "alice", "currency": "EUR"}


def test_an_empty_account_only_can_be_closed() -> None:
    subject = account()
    subject.deposit(1)

    with pytest.raises(domain.AccountNotEmptyError):
        subject.close()

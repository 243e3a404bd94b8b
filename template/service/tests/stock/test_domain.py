"""The rules of reservations: in whatever order a saga is heard, stock ends the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import domain

AT = datetime(2026, 1, 1, tzinfo=UTC)
Cause, State = domain.Cause, domain.State
SKUS = ("ALE-1", "TEA-1", "TEA-2")

# What happens to an order: it is placed; its payment is taken, fails or is not tried yet; and
# perhaps it is cancelled.
STORIES = [
    [Cause.ORDERED, *payment, *end]
    for payment, end in product(([], [Cause.PAID], [Cause.FAILED]), ([], [Cause.CANCELLED]))
]
LINES = st.lists(
    st.builds(domain.Line, sku=st.sampled_from(SKUS), quantity=st.integers(1, 9)), min_size=1
)


@dataclass
class Orders:
    """Who ordered what, and what is heard of it, in some order and some of it twice."""

    lines: list[list[domain.Line]]
    stories: list[list[domain.Cause]]
    heard: list[tuple[int, domain.Cause]]


@st.composite
def orders(draw: st.DrawFn) -> Orders:
    stories = draw(st.lists(st.sampled_from(STORIES), min_size=1, max_size=4))
    lines = [draw(LINES) for _ in stories]
    events = [(number, cause) for number, story in enumerate(stories) for cause in story]
    twice = draw(st.lists(st.sampled_from(events), max_size=5))
    return Orders(lines, stories, draw(st.permutations(events + twice)))


@dataclass
class Warehouse:
    on_hand: int
    shelf: dict[str, domain.Item] = field(default_factory=dict)
    reservations: dict[int, domain.Reservation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shelf = {sku: domain.Item(sku=sku, on_hand=self.on_hand) for sku in SKUS}

    def hears(self, number: int, cause: domain.Cause, lines: Iterable[domain.Line]) -> None:
        reservation = self.reservations.setdefault(
            number, domain.Reservation(order_id=UUID(int=number), changed_at=AT)
        )
        if cause is Cause.ORDERED:
            reservation.order(lines, self.shelf, at=AT)
        else:
            reservation.settle(cause, self.shelf, at=AT)

    def held(self, state: domain.State) -> Counter[str]:
        found: Counter[str] = Counter()
        for each in self.reservations.values():
            if each.state is state:
                found.update({line.sku: line.quantity for line in each.lines})
        return found


def test_the_table_says_what_happens_in_every_state() -> None:
    assert domain.TABLE.keys() == set(product(State, Cause))


def test_nothing_is_ever_new_again() -> None:
    assert State.NEW not in {move.to for move in domain.TABLE.values()}


@pytest.mark.parametrize("cause", Cause)
def test_what_was_released_stays_released(cause: domain.Cause) -> None:
    move = domain.TABLE[State.RELEASED, cause]

    assert (move.to, move.reserved, move.on_hand) == (State.RELEASED, 0, 0)


@given(orders())
def test_any_order_of_events_ends_in_the_same_stock(given: Orders) -> None:
    warehouse = Warehouse(on_hand=1000)

    for number, cause in given.heard:
        warehouse.hears(number, cause, given.lines[number])

    sold, reserved = Counter[str](), Counter[str]()
    for story, lines in zip(given.stories, given.lines, strict=True):
        wanted = {line.sku: line.quantity for line in domain.merged(lines)}
        if Cause.CANCELLED not in story and Cause.FAILED not in story:
            (sold if Cause.PAID in story else reserved).update(wanted)
    for sku, item in warehouse.shelf.items():
        assert (item.on_hand, item.reserved) == (1000 - sold[sku], reserved[sku])


@given(orders(), st.integers(0, 30))
def test_however_scarce_it_is_nothing_is_sold_twice(given: Orders, on_hand: int) -> None:
    warehouse = Warehouse(on_hand=on_hand)

    for number, cause in given.heard:
        warehouse.hears(number, cause, given.lines[number])

        sold, reserved = warehouse.held(State.CONFIRMED), warehouse.held(State.RESERVED)
        for sku, item in warehouse.shelf.items():
            assert 0 <= item.reserved <= item.on_hand
            assert (item.on_hand, item.reserved) == (on_hand - sold[sku], reserved[sku])


@given(LINES, LINES)
def test_the_first_lines_of_an_order_count(
    first: list[domain.Line], second: list[domain.Line]
) -> None:
    warehouse = Warehouse(on_hand=1000)

    warehouse.hears(1, Cause.ORDERED, first)
    warehouse.hears(1, Cause.ORDERED, second)

    assert warehouse.reservations[1].lines == domain.merged(first)


@pytest.mark.parametrize("quantity", [0, -1])
def test_nobody_orders_less_than_one(quantity: int) -> None:
    with pytest.raises(domain.NothingWantedError):
        domain.Line(sku="TEA-1", quantity=quantity)


def test_lines_of_one_article_are_one() -> None:
    lines = [domain.Line(sku=sku, quantity=2) for sku in ("TEA-2", "TEA-1", "TEA-2")]

    found = domain.merged(lines)

    assert [(line.sku, line.quantity) for line in found] == [("TEA-1", 2), ("TEA-2", 4)]

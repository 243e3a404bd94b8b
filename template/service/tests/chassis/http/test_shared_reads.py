# Sealed: an update replaces this file.
"""Equal reads at once, answers that are kept, and answers that stand in."""

import asyncio

import pytest

from ...conftest import http
from .time import Hand

pytestmark = pytest.mark.anyio


class Shelf:
    """Something that is read: counts the reads, and fails when told."""

    def __init__(self) -> None:
        self.reads = 0
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self) -> int:
        self.reads += 1
        await self.gate.wait()
        if self.fails:
            raise self.fails
        return self.reads


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def reads(hand: Hand) -> "http.SharedReads[int]":
    return http.SharedReads(fresh_seconds=2, stale_seconds=60, most=3, clock=hand)


async def test_equal_reads_at_once_are_one(reads: "http.SharedReads[int]") -> None:
    shelf = Shelf()

    found = await asyncio.gather(*(reads.get("alice", shelf.read) for _ in range(20)))
    other = await reads.get("bob", shelf.read)

    assert {reading.value for reading in found} == {1}
    assert other.value == 2


async def test_an_answer_is_kept_for_a_moment(reads: "http.SharedReads[int]", hand: Hand) -> None:
    shelf = Shelf()
    await reads.get("alice", shelf.read)
    hand.moves(1.5)
    kept = await reads.get("alice", shelf.read)
    hand.moves(1)
    anew = await reads.get("alice", shelf.read)

    assert (kept.value, kept.age, kept.stale) == (1, 1.5, False)
    assert (anew.value, anew.age) == (2, 0.0)


async def test_an_old_answer_stands_in_for_an_upstream_that_fails(
    reads: "http.SharedReads[int]", hand: Hand
) -> None:
    shelf = Shelf()
    await reads.get("alice", shelf.read)
    shelf.fails = http.BadGatewayError("away")

    hand.moves(60)
    old = await reads.get("alice", shelf.read)
    hand.moves(3)

    assert (old.value, old.age, old.stale) == (1, 60.0, True)
    with pytest.raises(http.BadGatewayError):
        await reads.get("alice", shelf.read)


async def test_a_mistake_of_ours_is_not_hidden_by_an_old_answer(
    reads: "http.SharedReads[int]", hand: Hand
) -> None:
    shelf = Shelf()
    await reads.get("alice", shelf.read)
    shelf.fails = LookupError("ours")
    hand.moves(3)

    with pytest.raises(LookupError):
        await reads.get("alice", shelf.read)


async def test_who_waits_no_longer_gets_the_old_answer_and_the_read_goes_on(
    reads: "http.SharedReads[int]", hand: Hand
) -> None:
    shelf = Shelf()
    await reads.get("alice", shelf.read)
    hand.moves(3)
    shelf.gate.clear()

    impatient = await reads.get("alice", shelf.read, seconds=0.01)
    shelf.gate.set()
    patient = await reads.get("alice", shelf.read)

    assert (impatient.value, impatient.stale) == (1, True)
    assert (patient.value, shelf.reads) == (2, 2)


async def test_a_reader_that_leaves_takes_nothing_from_the_others(
    reads: "http.SharedReads[int]",
) -> None:
    shelf = Shelf()
    shelf.gate.clear()
    first, second = [asyncio.create_task(reads.get("alice", shelf.read)) for _ in range(2)]
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    shelf.gate.set()

    assert (await second).value == 1


async def test_the_memory_is_bounded(reads: "http.SharedReads[int]") -> None:
    shelf = Shelf()

    for number in range(10):
        await reads.get(number, shelf.read)
    await reads.get(9, shelf.read)
    await reads.get(0, shelf.read)

    assert shelf.reads == 11

# Sealed: an update replaces this file.
"""What can be a saga, and what cannot."""

import pytest

from .sample import Room, sagas


def test_steps_have_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="two steps have the same name"):
        Room().saga("first", "first")


def test_nothing_that_may_fail_comes_after_the_point_of_no_return() -> None:
    with pytest.raises(ValueError, match="may follow a `retriable`"):
        Room().saga("last", "first")


def test_a_key_is_that_of_the_step() -> None:
    work = sagas.Work(saga_id="7", step="first", data={}, resources=None, database=None)

    assert work.key == "7:first"

"""The rule over the join of orders and their history."""

from datetime import UTC, datetime, timedelta

import pytest

from .conftest import domain

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def dossier(statuses: list[str], hours: list[float] | None = None) -> "domain.Dossier":
    """Orders with these statuses; the first was changed at these hours after noon."""
    orders = [
        domain.Order(str(n), status, ("EUR", "USD")[n % 2], 100)
        for n, status in enumerate(statuses)
    ]
    changes = None
    if hours is not None:
        times = [NOON + timedelta(hours=each) for each in hours]
        changes = [domain.Change("0", "order_changed", at) for at in times]
    return domain.Dossier("alice", orders, changes, parts=[])


def test_totals_leave_out_what_was_cancelled() -> None:
    found = dossier(["placed", "placed", "cancelled", "placed"])

    assert found.totals == {"EUR": 100, "USD": 200}


@pytest.mark.parametrize(
    ("statuses", "hours", "standing"),
    [
        ([], [], "good"),
        (["placed"], None, "unknown"),
        (["placed"], [0, 1, 2, 3], "good"),
        (["placed"], [0, 1, 2, 3, 24], "watch"),
        (["placed"], [0, 1, 2, 3, 24.1], "good"),
        (["placed"], [50, 30, 0, 49, 48, 31, 51, 52], "watch"),
        (["cancelled"] * 3, [], "good"),
        (["cancelled"] * 2 + ["placed"] * 2, [], "good"),
        (["cancelled"] * 3 + ["placed"], [], "watch"),
        (["cancelled"] * 3 + ["placed"], None, "watch"),
    ],
)
def test_the_standing_follows_from_both(
    statuses: list[str], hours: list[float] | None, standing: str
) -> None:
    assert dossier(statuses, hours).standing == standing

# Sealed: an update replaces this file.
"""Logs: nothing secret in them."""

from typing import Any

import pytest

from ..conftest import logging

TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "event",
    [
        {"password": "hunter2"},
        {"api_key": "hunter2"},
        {"headers": {"Authorization": "hunter2"}},
        {"tokens": ["hunter2"]},
        {"event": "calling with Bearer hunter2"},
        {"event": "connecting to postgresql://app:hunter2@db/app"},
        {"event": "connecting to redis://:hunter2@cache/0"},
        {"event": "connecting to postgresql://app:p@ss/hunter2@db/app"},
        {"event": "asking /callback?token=hunter2&state=1"},
        {"event": "Authorization: Basic hunter2=="},
        {"password": ["hunter2"], "cookies": {"session": "hunter2"}, "secret": b"hunter2"},
        {"nested": {"deeper": [{"client_secret": "hunter2"}]}},
        {"event": f"refused {TOKEN}"},
    ],
    ids=str,
)
def test_secrets_are_hidden(event: dict[str, Any]) -> None:
    shown = str(logging.hide_secrets(None, "info", event))

    assert "hunter2" not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize("value", ["\ud800", 2**70, {1: object}], ids=range(3))
def test_a_line_is_written_whatever_is_in_it(value: Any) -> None:
    assert b"value" in logging._dump({"event": "odd", "value": value})


def test_the_rest_is_left_alone() -> None:
    event = {"event": "order_placed", "total": 900, "url": "http://orders:8000/orders"}

    assert logging.hide_secrets(None, "info", dict(event)) == event

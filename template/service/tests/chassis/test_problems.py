# Sealed: an update replaces this file.
"""Errors: one shape for all of them, and nothing of the input in it."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from .sample import SAMPLE

pytestmark = pytest.mark.anyio

CANARY = "c4n4ry-in-a-c04l-mine"
JSON = {"content-type": "application/json"}


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["type"].startswith("urn:problem:")
    return problem


async def test_an_unknown_path_is_a_problem(client: AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404)
    assert_problem(await client.get("/static-offline-docs/nothing.js"), 404)


async def test_a_wrong_method_is_a_problem_that_says_what_is_allowed(client: AsyncClient) -> None:
    answer = await client.put("/samples")

    assert_problem(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        {**SAMPLE, "currency": CANARY},
        {**SAMPLE, "lines": [{"sku": CANARY, "quantity": 1, "unit_price": 1}]},
        {**SAMPLE, "lines": [{"sku": "TEA-1", "quantity": CANARY, "unit_price": 1}]},
        {**SAMPLE, "lines": CANARY},
        {**SAMPLE, "note": CANARY + "\x00"},
        {**SAMPLE, CANARY: 1},
        CANARY,
        [CANARY],
    ],
    ids=range(8),
)
async def test_a_refused_body_is_not_echoed(
    client: AsyncClient, capfd: pytest.CaptureFixture[str], body: Any
) -> None:
    answer = await client.post("/samples", json=body)

    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["at"].startswith("body")
    assert CANARY not in answer.text
    assert CANARY not in capfd.readouterr().out


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b'"\\ud800"',
        b'{"currency": "EUR", "lines": [], "note": "\\ud800"}',
        b'{"currency": "EUR", "lines": [{"sku": "A", "quantity": NaN, "unit_price": 1}]}',
        b'{"currency": "EUR", "lines": [{"sku": "A", "quantity": 1e999, "unit_price": 1}]}',
        b'{"currency": "EUR", "lines": [{"sku": "A", "quantity": 1, "unit_price": '
        + b"9" * 5000
        + b"}]}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
    ids=range(10),
)
async def test_a_malformed_body_is_the_callers_fault(client: AsyncClient, content: bytes) -> None:
    answer = await client.post("/samples", content=content, headers=JSON)

    assert_problem(answer, 422 if answer.status_code == 422 else 400)


async def test_a_body_of_another_type_is_told_as_such(client: AsyncClient) -> None:
    answer = await client.post("/samples", content=b"{}", headers={"content-type": "text/plain"})

    assert_problem(answer, 415)


async def test_a_body_that_is_too_large_is_not_read(client: AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 100_000

    announced = await client.post("/samples", content=b" " * 2_000_000, headers=JSON)
    streamed = await client.post("/samples", content=endless(), headers=JSON)

    problems = [assert_problem(answer, 413) for answer in (announced, streamed)]
    # The same on every Python: 3.13 has another name for it than 3.12.
    assert {problem["type"] for problem in problems} == {"urn:problem:content-too-large"}
    assert not any("detail" in problem for problem in problems)


@pytest.mark.parametrize("sample_id", [CANARY, "0", "%00", "%ff", "..%2f..", "a" * 2000])
async def test_a_malformed_id_is_refused(client: AsyncClient, sample_id: str) -> None:
    answer = await client.get(f"/samples/{sample_id}")

    assert answer.status_code in (404, 422)
    assert_problem(answer, answer.status_code)
    assert CANARY not in answer.text


async def test_an_exception_is_told_without_its_text(
    client: AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await client.get("/samples/failing")

    assert_problem(answer, 500)
    assert "internal detail" not in answer.text
    logged = capfd.readouterr().out
    assert "internal detail" in logged
    assert len(logged) < 2500

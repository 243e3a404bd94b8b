"""What an app gets: short, only what it asks for, and not twice."""

from collections.abc import Callable
from typing import Any

import pytest

from ...chassis.http.servers import answers
from ..conftest import order, orders, sends

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
HOME = "/screens/home"
ORDER = f"/screens/orders/{order(1)['id']}"


async def test_nothing_empty_goes_over_the_line(compose: Compose) -> None:
    user = await (await compose(sends(order(1)), history=sends({"items": []}))).user()

    answer = await user.get(ORDER)

    assert answer.json().keys() == {"order"}
    assert "note" not in answer.json()["order"]
    assert b"null" not in answer.content
    assert b": " not in answer.content


async def test_zero_and_false_are_not_empty(compose: Compose) -> None:
    user = await (await compose(sends(order(1, "cancelled", total=0)))).user()

    shown = (await user.get(ORDER)).json()["order"]

    assert (shown["total"], shown["can_be_cancelled"]) == (0, False)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("orders.id", {"orders": [{"id": order(1)["id"]}]}),
        ("customer.standing", {"customer": {"standing": "good"}}),
        ("customer", {"customer": {"standing": "good", "totals": {"EUR": 450}}}),
        ("customer, customer.standing", {"customer": {"standing": "good", "totals": {"EUR": 450}}}),
        (
            "orders.total,customer.standing",
            {"orders": [{"total": 450}], "customer": {"standing": "good"}},
        ),
        ("missing", {}),
    ],
)
async def test_an_app_gets_the_fields_that_it_asks_for(
    compose: Compose, fields: str, found: dict[str, Any]
) -> None:
    user = await (await compose()).user()

    answer = await user.get(HOME, params={"fields": fields})

    assert (answer.status_code, answer.json()) == (200, found)


async def test_what_is_missing_is_told_whatever_was_asked_for(compose: Compose) -> None:
    user = await (await compose(answers(403))).user()

    answer = await user.get(HOME, params={"fields": "orders.id"})

    assert answer.json() == {"missing": ["orders"]}


@pytest.mark.parametrize("fields", ["everything", "orders.secret", "orders.id.x", "", ",", "id"])
async def test_a_field_that_is_not_there_is_refused(compose: Compose, fields: str) -> None:
    user = await (await compose()).user()

    answer = await user.get(HOME, params={"fields": fields})

    assert (answer.status_code, answer.json()["title"]) == (422, "Unknown fields")
    assert "`orders.placed_at`" in answer.json()["detail"]
    assert "secret" not in answer.text


async def test_an_app_does_not_get_the_same_twice(compose: Compose) -> None:
    user = await (await compose()).user()

    first = await user.get(HOME)
    again = await user.get(HOME, headers={"if-none-match": f'"old", W/{first.headers["etag"]}'})
    other = await user.get(HOME, headers={"if-none-match": '"old"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status_code, other.json()) == (200, first.json())


async def test_another_answer_has_another_tag(compose: Compose) -> None:
    one, two = await (await compose(orders(1))).user(), await (await compose(orders(2))).user()

    tags = [(await user.get(HOME)).headers["etag"] for user in (one, two)]
    tags.append((await one.get(HOME, params={"fields": "orders"})).headers["etag"])

    assert len(set(tags)) == 3


async def test_only_the_app_itself_may_keep_a_screen(compose: Compose) -> None:
    strict, lenient = await compose(), await compose(app_cache_seconds=60)

    kept = [(await (await front.user()).get(HOME)).headers for front in (strict, lenient)]

    assert [each["cache-control"] for each in kept] == ["private, no-cache", "private, max-age=60"]
    assert {each["vary"] for each in kept} == {"Authorization"}


async def test_cancelling_is_never_answered_with_304(compose: Compose) -> None:
    user = await (await compose(sends(order(1, "cancelled")))).user()

    answer = await user.post(f"{ORDER}/cancel", headers={"if-none-match": "*"})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")

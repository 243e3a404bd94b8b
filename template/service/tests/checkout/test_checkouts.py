"""Checkouts through the front door: forward, back, and what people do in between."""

from typing import Any

import pytest

from .conftest import LARGE, Shop, happened
from .participants import World

FORWARD = ["do reserve_stock done", "do take_payment done"]


def refused(world: World, article: str, kind: str) -> str:
    """An article that a participant refuses."""
    sku = f"{article}-{kind}"
    world.refusing[sku] = "Out of stock" if kind == "RESERVATIONS" else "Insufficient funds"
    return sku


def test_a_checkout_takes_all_steps_and_is_confirmed(shop: Shop, world: World) -> None:
    checkout = shop.place()

    found = shop.until(checkout)

    assert (found["state"], found["reason"], found["customer"]) == ("confirmed", None, "alice")
    assert happened(found) == [*FORWARD, "do confirm done"]
    assert [step["attempts"] for step in found["steps"]] == [1, 1, 1]
    assert found["confirmed_at"] is not None
    world.check(checkout, "confirmed")


def test_each_call_carries_its_key_and_a_token_of_the_service(shop: Shop, world: World) -> None:
    checkout = shop.place()
    shop.until(checkout)

    heads = [head for head in world.heads if checkout in head.get("idempotency-key", "")]

    names = [head["idempotency-key"].removeprefix(f"{checkout}:") for head in heads]
    assert names == ["reserve_stock", "take_payment"]
    assert all(head["authorization"].startswith("Bearer ") for head in heads)


def test_what_is_refused_first_leaves_nothing(shop: Shop, world: World, article: str) -> None:
    checkout = shop.place(refused(world, article, "RESERVATIONS"))

    found = shop.until(checkout)

    assert (found["state"], found["reason"]) == ("rejected", "reserve_stock: Out of stock")
    assert happened(found) == ["do reserve_stock refused"]
    assert world.calls_of(checkout) == ["PUT reservations"]


def test_what_is_refused_later_is_undone_in_reverse(shop: Shop, world: World, article: str) -> None:
    checkout = shop.place(refused(world, article, "PAYMENTS"))

    found = shop.until(checkout)

    assert (found["state"], found["reason"]) == ("rejected", "take_payment: Insufficient funds")
    assert happened(found)[1:] == ["do take_payment refused", "undo reserve_stock done"]
    world.check(checkout, "rejected")


def test_a_large_checkout_waits_for_approval(shop: Shop, world: World) -> None:
    checkout = shop.place(price=LARGE)
    waiting = shop.until(checkout, "waiting_for_approval")

    told = shop.wish(checkout, "approve")
    found = shop.until(checkout)

    assert happened(waiting) == [*FORWARD, "approval approve running"]
    assert (told, found["state"]) == (202, "confirmed")
    assert happened(found) == [*FORWARD, "approval approve done", "do confirm done"]
    world.check(checkout, "confirmed")


@pytest.mark.parametrize(
    ("wish", "state", "reason"),
    [
        ("decline", "rejected", "approve: declined"),
        ("cancel", "cancelled", "cancelled by an operator"),
    ],
)
def test_a_checkout_that_is_not_wanted_is_undone_in_reverse(
    shop: Shop, world: World, wish: str, state: str, reason: str
) -> None:
    checkout = shop.place(price=LARGE)
    shop.until(checkout, "waiting_for_approval")

    shop.wish(checkout, wish)
    found = shop.until(checkout)

    assert (found["state"], found["reason"]) == (state, reason)
    assert happened(found)[-2:] == ["undo take_payment done", "undo reserve_stock done"]
    assert world.calls_of(checkout)[-2:] == ["DELETE payments", "DELETE reservations"]
    world.check(checkout, state)


def test_a_running_checkout_is_cancelled_before_its_next_step(
    shop: Shop, world: World, article: str
) -> None:
    gate = world.gate("PUT reservations", article)
    checkout = shop.place(article)
    gate.came.wait(5)

    shop.wish(checkout, "cancel")
    gate.opened.set()
    found = shop.until(checkout)

    assert found["state"] == "cancelled"
    assert "PUT payments" not in world.calls_of(checkout)
    world.check(checkout, "cancelled")


@pytest.mark.parametrize("wish", ["approve", "decline", "resume", "cancel"])
def test_nothing_more_can_be_wished_of_an_end(shop: Shop, wish: str) -> None:
    checkout = shop.place()
    shop.until(checkout)

    assert shop.wish(checkout, wish) == 409


def test_who_comes_second_is_told(shop: Shop, world: World, article: str) -> None:
    gate = world.gate("PUT reservations", article)
    checkout = shop.place(article)
    gate.came.wait(5)

    wishes = [shop.wish(checkout, wish) for wish in ("approve", "cancel", "cancel", "resume")]
    gate.opened.set()

    assert wishes == [409, 202, 202, 409]
    assert shop.until(checkout)["state"] == "cancelled"


def test_a_key_starts_one_saga(shop: Shop, world: World) -> None:
    key = {"idempotency-key": "one-checkout"}

    first = shop.place(headers=key)
    second = shop.place(headers=key)

    assert first == second
    shop.until(first)
    assert world.calls_of(first) == ["PUT reservations", "PUT payments"]


def test_what_people_do_is_in_the_audit_log(shop: Shop) -> None:
    checkout = shop.place(price=LARGE)
    shop.until(checkout, "waiting_for_approval")
    shop.wish(checkout, "approve")

    page = shop.call("GET", f"/audit?entity_id={checkout}", who="operator").json()

    told = [(entry["action"], entry["actor"]) for entry in page["items"]]
    assert told == [("saga_approve", "operator"), ("checkout_placed", "alice")]


def test_the_checkouts_of_others_are_not_there(shop: Shop) -> None:
    checkout = shop.place(who="operator")

    alone = shop.call("GET", f"/checkouts/{checkout}")
    listed = shop.call("GET", "/checkouts").json()["items"]
    seen = shop.call("GET", "/checkouts?limit=1", who="operator").json()["items"]

    assert alone.status_code == 404
    assert {each["customer"] for each in listed} <= {"alice"}
    assert [each["id"] for each in seen] == [checkout]


def test_checkouts_are_listed_by_their_state(shop: Shop) -> None:
    checkout = shop.place(price=LARGE)
    shop.until(checkout, "waiting_for_approval")

    waiting = shop.call("GET", "/checkouts?state=waiting_for_approval").json()["items"]
    running = shop.call("GET", "/checkouts?state=running").json()["items"]

    assert checkout in {each["id"] for each in waiting}
    assert checkout not in {each["id"] for each in running}


@pytest.mark.parametrize("wish", ["approve", "decline", "resume", "cancel"])
def test_wishes_need_their_scope(shop: Shop, wish: str) -> None:
    checkout = shop.place()

    assert shop.call("POST", f"/checkouts/{checkout}/{wish}").status_code == 403


def test_an_unknown_checkout_is_told_as_such(shop: Shop) -> None:
    unknown = "00000000-0000-7000-8000-000000000000"

    assert shop.call("GET", f"/checkouts/{unknown}").status_code == 404
    assert shop.wish(unknown, "cancel") == 404


def test_who_operates_checks_out_for_others(shop: Shop) -> None:
    line = {"sku": "TEA-1", "quantity": 1, "unit_price": 450}
    body: dict[str, Any] = {"currency": "EUR", "lines": [line], "customer": "bob"}

    mine = shop.call("POST", "/checkouts", json=body)
    theirs = shop.call("POST", "/checkouts", json=body, who="operator")

    assert (mine.status_code, theirs.status_code) == (403, 202)
    assert theirs.json()["customer"] == "bob"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"sku": "TEA-1", "quantity": 1, "unit_price": 1}] * 2,
        [{"sku": "TEA-1", "quantity": 1000, "unit_price": 100_000_00}],
    ],
)
def test_what_breaks_a_rule_starts_nothing(shop: Shop, lines: list[Any]) -> None:
    answer = shop.call("POST", "/checkouts", json={"currency": "EUR", "lines": lines})

    assert answer.status_code == 422


def test_commands_show_sagas_and_take_wishes(shop: Shop) -> None:
    checkout = shop.place(price=LARGE)
    shop.until(checkout, "waiting_for_approval")

    listed = shop.live.run("sagas", "list", "--state", "waiting_for_approval").stdout
    shown = shop.live.run("sagas", "show", checkout).stdout
    cancelled = shop.live.run("sagas", "cancel", checkout, "--by", "bob")
    again = shop.live.run("sagas", "resume", "00000000-0000-7000-8000-000000000000")

    assert checkout in listed
    assert "take_payment         done" in shown
    assert (cancelled.returncode, shop.until(checkout)["state"]) == (0, "cancelled")
    assert (again.returncode, again.stderr) == (1, "error: there is no such saga\n")

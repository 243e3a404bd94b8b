"""Whether stock and money add up: read from the databases of all services."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from .conftest import Shop

PRICE = 500


@dataclass
class Books:
    """What was put in: pieces by article, cents by customer, and the total of each order.

    `final` has the ends of an order, its stock and its payment: everything done, or nothing.
    """

    orders_are: ClassVar = ("orders", "SELECT id, status FROM orders")
    final: ClassVar = {
        ("placed", "confirmed", "taken"),
        ("cancelled", "refused", None),
        ("cancelled", "refused", "cancelled"),
        ("cancelled", "released", "failed"),
        ("cancelled", "released", "cancelled"),
        ("cancelled", "released", "refunded"),
    }

    shop: Shop
    pieces: dict[str, int] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)

    def deliver(self, sku: str, pieces: int) -> None:
        answer = self.shop.client("stock").put(f"/stock/{sku}", json={"on_hand": pieces})
        assert answer.is_success, answer.text
        self.pieces[sku] = pieces

    def deposit(self, customer: str, cents: int) -> None:
        ledger = self.shop.client("ledger")
        opened = ledger.post("/accounts", json={"owner": customer, "currency": "EUR"})
        assert opened.status_code == 201, opened.text
        if cents:
            place = f"/accounts/{opened.json()['id']}/deposits"
            answer = ledger.post(place, json={"amount": cents})
            assert answer.is_success, answer.text
        self.cents[customer] = cents

    def order(self, customer: str, sku: str, quantity: int, *, key: str | None = None) -> str:
        """A key makes it safe to send it again."""
        lines = [{"sku": sku, "quantity": quantity, "unit_price": PRICE}]
        placed = self.shop.customer(customer).post(
            "/orders",
            json={"currency": "EUR", "lines": lines},
            headers={"idempotency-key": key} if key else {},
        )
        assert placed.status_code == 201, placed.text
        order_id = str(placed.json()["id"])
        self.totals[order_id] = quantity * PRICE
        return order_id

    def states(self) -> dict[str, tuple[str, str | None, str | None]]:
        """By order: itself, its stock, its payment."""
        orders = dict(self._rows(*self.orders_are))
        stock = dict(self._rows("stock", "SELECT order_id, state FROM reservations"))
        payments = self._payments()
        return {
            order: (orders[order], stock.get(order), payments.get(order))
            for order in self.totals
        }

    def unsettled(self) -> dict[str, Any]:
        return {key: state for key, state in self.states().items() if state not in self.final}

    def check(self) -> Counter[tuple[str, str | None, str | None]]:
        """Fail unless everything adds up; how many orders ended in which way."""
        states = self.states()
        assert self.unsettled() == {}
        self._check_stock(states)
        self._check_money(states)
        return Counter(states.values())

    def _check_stock(self, states: dict[str, Any]) -> None:
        pieces: dict[str, Counter[str]] = {"confirmed": Counter(), "reserved": Counter()}
        for order, found in self._rows("stock", "SELECT order_id, lines FROM reservations"):
            if (state := states[order][1]) in pieces:
                lines = json.loads(found) if isinstance(found, str) else found
                pieces[state].update({line["sku"]: line["quantity"] for line in lines})
        items = self.shop.query("stock", "SELECT sku, on_hand, reserved FROM stock")
        gone, held = pieces["confirmed"], pieces["reserved"]
        assert {sku: on_hand + gone[sku] for sku, on_hand, _ in items} == self.pieces
        assert {sku: reserved for sku, _, reserved in items} == {
            sku: held[sku] for sku in self.pieces
        }

    def _check_money(self, states: dict[str, Any]) -> None:
        paid = [order for order, state in states.items() if state[2] == "taken"]
        accounts = self._accounts()
        assert sum(accounts.values()) == sum(self.cents.values())
        assert accounts.get("merchant", 0) == sum(self.totals[order] for order in paid)
        assert min(accounts.values()) >= 0

    def _accounts(self) -> dict[str, int]:
        client, found, page = self.shop.client("ledger"), {}, {"limit": "100"}
        while True:
            answer = client.get("/accounts", params=page).json()
            found |= {each["owner"]: each["balance"] for each in answer["items"]}
            if not answer["next"]:
                return found
            page["cursor"] = answer["next"]

    def _payments(self) -> dict[str, str]:
        client = self.shop.client("ledger")
        answers = {order: client.get(f"/payments/{order}") for order in self.totals}
        return {
            order: answer.json()["status"]
            for order, answer in answers.items()
            if answer.status_code != 404
        }

    def _rows(self, name: str, statement: str) -> list[tuple[str, Any]]:
        rows = self.shop.query(name, statement)
        return [(_hyphened(str(key)), value) for key, value in rows]


@dataclass
class CheckoutBooks(Books):
    """The same where a saga with an orchestrator takes the orders."""

    orders_are: ClassVar = ("checkout", "SELECT id, state FROM chassis_sagas")
    final: ClassVar = {
        ("confirmed", "reserved", "taken"),
        ("confirmed", "confirmed", "taken"),
        *(
            ("rejected", stock, payment)
            for stock in (None, "refused", "released")
            for payment in (None, "failed", "cancelled", "refunded")
        ),
    }

    def order(self, customer: str, sku: str, quantity: int, *, key: str | None = None) -> str:
        lines = [{"sku": sku, "quantity": quantity, "unit_price": PRICE}]
        placed = self.shop.client("checkout").post(
            "/checkouts",
            json={"customer": customer, "currency": "EUR", "lines": lines},
            headers={"idempotency-key": key} if key else {},
        )
        assert placed.status_code == 202, placed.text
        checkout_id = str(placed.json()["id"])
        self.totals[checkout_id] = quantity * PRICE
        return checkout_id


def _hyphened(identity: str) -> str:
    """As it is over the wire: SQLite keeps ids without hyphens."""
    return str(UUID(identity))

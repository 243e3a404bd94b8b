"""What the other services do for a checkout, and take back; each call may be repeated."""

from dataclasses import dataclass

import httpx2

from ..chassis.http import BadGatewayError, Client
from ..chassis.sagas import Work
from .domain import ParticipantRefusedError

_DONE = frozenset({200, 201, 204})
_REFUSED = frozenset({409, 422})


@dataclass(frozen=True, slots=True)
class Participants:
    """`approval_above` in cents: what costs more, a person has to approve."""

    stock: Client
    payments: Client
    approval_above: int


async def reserve(work: Work) -> None:
    lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in work.data["lines"]]
    stock = _participants(work).stock
    path = f"/reservations/{work.saga_id}"
    _check(await stock.request("PUT", path, json={"lines": lines}, headers=_key(work)))


async def release(work: Work) -> None:
    """Also where nothing was reserved: what comes too late is then refused."""
    stock = _participants(work).stock
    path = f"/reservations/{work.saga_id}"
    _check(await stock.request("DELETE", path, headers=_key(work)))


async def take_payment(work: Work) -> None:
    body = {
        "customer": work.data["customer"],
        "amount": work.data["total"],
        "currency": work.data["currency"],
    }
    payments = _participants(work).payments
    path = f"/payments/{work.saga_id}"
    _check(await payments.request("PUT", path, json=body, headers=_key(work)))


async def refund(work: Work) -> None:
    payments = _participants(work).payments
    path = f"/payments/{work.saga_id}"
    _check(await payments.request("DELETE", path, headers=_key(work)))


def _participants(work: Work) -> Participants:
    participants: Participants = work.resources
    return participants


def _key(work: Work) -> dict[str, str]:
    return {"idempotency-key": work.key}


def _check(answer: httpx2.Response) -> None:
    """Raises ParticipantRefusedError, or BadGatewayError where the answer is no decision."""
    if answer.status_code in _REFUSED:
        raise ParticipantRefusedError(_title(answer))
    if answer.status_code not in _DONE:
        raise BadGatewayError(f"a service that this needs refused it ({answer.status_code})")


def _title(answer: httpx2.Response) -> str:
    """Not its details: those are for whom that service knows."""
    try:
        title = str(answer.json()["title"])
    except (ValueError, TypeError, KeyError):
        title = ""
    return title if title.isprintable() and 0 < len(title) <= 100 else "refused"

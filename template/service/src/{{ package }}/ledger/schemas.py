"""What goes over the wire. Money is in the smallest unit of a currency (cents)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .domain import AccountStatus, PaymentStatus

Owner = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@|:-]{0,127}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Personal = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]
HIGHEST = 100_000_000_00


class OpenAccount(BaseModel):
    model_config = ConfigDict(extra="forbid")

    owner: Owner = Field(examples=["alice"], description="An id that says nothing about a person.")
    currency: Currency = Field(examples=["EUR"])
    name: Personal | None = Field(
        None, examples=["Alice Adams"], description="Personal data: it can be erased."
    )


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: int = Field(ge=1, le=HIGHEST, strict=True, description="In cents.", examples=[2500])
    memo: Personal | None = Field(
        None, examples=["birthday"], description="Personal data: it can be erased."
    )


class TakePayment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customer: Owner = Field(examples=["alice"])
    amount: int = Field(ge=0, le=HIGHEST, strict=True, description="In cents.", examples=[900])
    currency: Currency = Field(examples=["EUR"])


class Receipt(BaseModel):
    """What a change has led to. No personal data: answers to idempotency keys are stored."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    currency: str
    balance: int
    status: AccountStatus
    version: int


class AccountOut(BaseModel):
    id: UUID
    owner: str
    currency: str
    name: str | None
    erased: bool = Field(description="Whether there was a name, and it was erased.")
    balance: int
    status: AccountStatus
    version: int
    changed_at: datetime


class AccountPage(BaseModel):
    items: list[AccountOut]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")


class Entry(BaseModel):
    version: int
    type: str
    at: datetime
    actor: str
    request_id: str
    trace_id: str
    data: dict[str, Any]
    erased: list[str] = Field(description="The parts of `data` that were erased.")


class History(BaseModel):
    items: list[Entry]
    next: int | None = Field(description="Pass it as `after` for what happened then.")


class PaymentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    status: PaymentStatus
    customer: str
    currency: str
    amount: int
    reason: str | None

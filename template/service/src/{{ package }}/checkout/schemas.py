"""What goes over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..chassis.sagas import State
from .domain import Line

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Customer = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")]


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(examples=["TEA-1"])
    quantity: int = Field(ge=1, le=1000, strict=True, examples=[2])
    unit_price: int = Field(
        ge=0, le=100_000_00, strict=True, description="In cents.", examples=[450]
    )

    def to_line(self) -> Line:
        return Line(sku=self.sku, quantity=self.quantity, unit_price=self.unit_price)


class PlaceCheckout(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Currency = Field(examples=["EUR"])
    lines: list[LineIn] = Field(min_length=1, max_length=100)
    customer: Customer | None = Field(None, description="You, where it is left out.")


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int


class StepOut(BaseModel):
    number: int
    name: str
    kind: str = Field(description="`do`, `approval` or `undo`.")
    state: str = Field(description="`running`, `done`, `refused`, `expired` or `cancelled`.")
    attempts: int
    started_at: datetime
    ended_at: datetime | None
    error: str | None = Field(description="Of the newest attempt that failed.")


class CheckoutSummary(BaseModel):
    id: UUID
    customer: str
    state: State
    reason: str | None = Field(description="Why it was not confirmed.")
    currency: str
    total: int
    placed_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


class CheckoutOut(CheckoutSummary):
    lines: list[LineOut]
    steps: list[StepOut]


class Placed(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer: str
    currency: str
    lines: list[LineOut]
    total: int
    placed_at: datetime


class CheckoutPage(BaseModel):
    items: list[CheckoutSummary]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")

"""What goes over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .domain import Line, State

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]


class CountStock(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on_hand: int = Field(ge=0, le=1_000_000_000, strict=True, examples=[10])


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    on_hand: int
    reserved: int = Field(description="Of those on hand: what waits for its payment.")
    available: int


class ItemPage(BaseModel):
    items: list[ItemOut]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(examples=["TEA-1"])
    quantity: int = Field(ge=1, le=1000, strict=True, examples=[2])

    def to_line(self) -> Line:
        return Line(sku=self.sku, quantity=self.quantity)


class Reserve(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lines: list[LineIn] = Field(min_length=1, max_length=100)


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int


class MissingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    wanted: int
    available: int


class ReservationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    state: State
    lines: list[LineOut]
    missing: list[MissingOut] = Field(description="Why it was refused.")
    changed_at: datetime

"""What goes over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from .domain import Line, Status

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Note = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


# Left out, which is not the same as null: the document does not offer it.
Absent = SkipJsonSchema[None]


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(examples=["TEA-1"])
    quantity: int = Field(ge=1, le=1000, strict=True, examples=[2])
    unit_price: int = Field(
        ge=0, le=100_000_00, strict=True, description="In cents.", examples=[450]
    )

    def to_line(self) -> Line:
        return Line(sku=self.sku, quantity=self.quantity, unit_price=self.unit_price)


class PlaceOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Currency = Field(examples=["EUR"])
    lines: list[LineIn] = Field(min_length=1, max_length=100)
    note: Note | None = None


class ChangeOrder(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[list[LineIn], Field(min_length=1, max_length=100)] | Absent = None
    note: Note | Absent = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.lines is None and self.note is None:
            raise ValueError("say what changes: `lines` or `note`, with a value")
        return self


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: Status
    currency: str
    lines: list[LineOut]
    note: str | None
    total: int
    placed_at: datetime
    changed_at: datetime
    version: int


class OrderPage(BaseModel):
    items: list[OrderOut]
    next: str | None = Field(description="Pass it as `cursor` for the next page.")

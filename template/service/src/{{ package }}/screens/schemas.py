"""What goes over the wire, before a kind of client makes it its own."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from .domain import Detail, Home, Order


class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    standing: str
    totals: dict[str, int] = Field(description="For each currency, in cents.")


class SummaryOut(BaseModel):
    """An order in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    status: str
    currency: str
    total: int = Field(description="In cents.")
    placed_at: datetime


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int = Field(description="In cents.")


class ChangeOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    action: str
    at: datetime


class OrderOut(SummaryOut):
    note: str | None
    lines: list[LineOut]
    version: int
    can_be_cancelled: bool


class HomeOut(BaseModel):
    """Null is a part that is missing."""

    customer: CustomerOut | None
    orders: list[SummaryOut] | None
    missing: list[str] = Field(description="The parts that could not be had in time.")

    @classmethod
    def of(cls, home: Home) -> Self:
        orders = home.orders
        return cls(
            customer=home.customer and CustomerOut.model_validate(home.customer),
            orders=None if orders is None else [SummaryOut.model_validate(one) for one in orders],
            missing=home.missing,
        )


class DetailOut(BaseModel):
    """Null is a part that is missing."""

    order: OrderOut
    history: list[ChangeOut] | None = Field(description="Newest first.")
    missing: list[str] = Field(description="The parts that could not be had in time.")

    @classmethod
    def of(cls, detail: Detail) -> Self:
        history = detail.history
        return cls(
            order=order_out(detail.order),
            history=None if history is None else [ChangeOut.model_validate(one) for one in history],
            missing=detail.missing,
        )


def order_out(order: Order) -> OrderOut:
    return OrderOut.model_validate(order)

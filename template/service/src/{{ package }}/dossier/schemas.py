"""What goes over the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from .domain import Dossier, Standing


class ChangeOut(BaseModel):
    action: str
    at: datetime


class OrderOut(BaseModel):
    id: str
    status: str
    currency: str
    total: int = Field(description="In cents.")
    changes: list[ChangeOut] | None = Field(description="Null while the history is missing.")


class PartOut(BaseModel):
    name: str
    state: str = Field(description="`fresh`, `stale` or `missing`.")
    age_seconds: float | None


class DossierOut(BaseModel):
    customer: str
    standing: Standing
    totals: dict[str, int] = Field(description="For each currency, in cents.")
    orders: list[OrderOut]
    complete: bool = Field(description="False while a part is missing.")
    parts: list[PartOut]

    @classmethod
    def of(cls, dossier: Dossier) -> Self:
        return cls(
            customer=dossier.customer,
            standing=dossier.standing,
            totals=dossier.totals,
            orders=_orders(dossier),
            complete=not dossier.missing,
            parts=_parts(dossier),
        )


def _orders(dossier: Dossier) -> list[OrderOut]:
    return [
        OrderOut(
            id=order.id,
            status=order.status,
            currency=order.currency,
            total=order.total,
            changes=None
            if dossier.changes is None
            else [
                ChangeOut(action=change.action, at=change.at)
                for change in dossier.changes_of(order.id)
            ],
        )
        for order in dossier.orders
    ]


def _parts(dossier: Dossier) -> list[PartOut]:
    found = []
    for part in dossier.parts:
        state = "missing" if part.age is None else "stale" if part.stale else "fresh"
        age = None if part.age is None else round(part.age, 3)
        found.append(PartOut(name=part.name, state=state, age_seconds=age))
    return found

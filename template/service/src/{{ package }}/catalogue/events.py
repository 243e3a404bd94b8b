"""What the catalogue tells: each event carries the whole product as it is after it.

So whoever missed one, or sees them out of order, needs only the newest: `version` says which.
"""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from ..chassis.events import Event
from .domain import Product, Status


class ProductFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    sku: str
    name: str
    description: str
    category: str
    price: int
    was: int | None
    status: Status
    published_at: datetime | None
    changed_at: datetime
    version: int

    @classmethod
    def of(cls, product: Product) -> Self:
        return cls.model_validate(product)


class ProductAdded(ProductFacts, Event, topic="catalogue", key="id"):
    pass


class ProductChanged(ProductFacts, Event, topic="catalogue", key="id"):
    """Its name, description or category."""


class PriceChanged(ProductFacts, Event, topic="catalogue", key="id"):
    pass


class ProductPublished(ProductFacts, Event, topic="catalogue", key="id"):
    pass


class ProductWithdrawn(ProductFacts, Event, topic="catalogue", key="id"):
    pass


Told = ProductAdded | ProductChanged | PriceChanged | ProductPublished | ProductWithdrawn

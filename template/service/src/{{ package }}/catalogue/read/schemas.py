"""What queries answer."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class CatalogueItem(BaseModel):
    """`was` is the price before this one, `reduced_by` how much lower this one is, in percent."""

    id: UUID
    sku: str
    name: str
    description: str
    category: str
    price: int
    was: int | None
    reduced_by: int
    published_at: datetime
    version: int


class Count(BaseModel):
    value: str
    count: int


class CataloguePage(BaseModel):
    items: list[CatalogueItem]
    categories: list[Count] | None = Field(
        description="How many fit in each category, on the first page only."
    )
    next: str | None = Field(description="Pass it as `cursor` for the next page.")

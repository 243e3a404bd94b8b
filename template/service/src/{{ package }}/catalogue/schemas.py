"""What goes over the wire to and from those who keep the catalogue."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from .domain import Status

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_PRINTABLE)]
Description = Annotated[
    str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Price = Annotated[int, Field(ge=1, le=100_000_00, strict=True, description="In cents.")]

# Left out, which is not the same as null: the document does not offer it.
Absent = SkipJsonSchema[None]


class AddProduct(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sku: Sku = Field(examples=["TEA-1"])
    name: Name = Field(examples=["Assam"])
    description: Description = ""
    category: Category = Field(examples=["tea"])
    price: Price = Field(examples=[450])


class ChangeProduct(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name | Absent = None
    description: Description | Absent = None
    category: Category | Absent = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.description is None and self.category is None:
            raise ValueError("say what changes: `name`, `description` or `category`, with a value")
        return self


class SetPrice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: Price = Field(examples=[420])


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    sku: str
    name: str
    description: str
    category: str
    price: int
    was: int | None
    status: Status
    added_at: datetime
    changed_at: datetime
    published_at: datetime | None
    version: int

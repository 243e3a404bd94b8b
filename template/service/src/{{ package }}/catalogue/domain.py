"""What a product is, and the rules that it keeps: the write model."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ..chassis.errors import ConflictError, NotFoundError


class ProductNotFoundError(NotFoundError):
    def __init__(self) -> None:
        super().__init__("there is no such product")


class SkuTakenError(ConflictError):
    pass


class AlreadyPublishedError(ConflictError):
    pass


class NotPublishedError(ConflictError):
    pass


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def search_text(*parts: str) -> str:
    """What searches look into. Folded here, as databases differ in what lower case is."""
    return " ".join(parts).casefold()


@dataclass(slots=True, kw_only=True)
class Product:
    """`price` is in cents, `was` the one before it. `version` counts the changes."""

    id: UUID
    sku: str
    name: str
    description: str
    category: str
    price: int
    added_at: datetime
    changed_at: datetime
    was: int | None = None
    published_at: datetime | None = None
    status: Status = Status.DRAFT
    version: int = 1

    def change(
        self, *, name: str | None, description: str | None, category: str | None, at: datetime
    ) -> None:
        self.name = self.name if name is None else name
        self.description = self.description if description is None else description
        self.category = self.category if category is None else category
        self.changed_at = at

    def reprice(self, price: int, *, at: datetime) -> bool:
        """False if it is the price already."""
        if price == self.price:
            return False
        self.price, self.was = price, self.price
        self.changed_at = at
        return True

    def publish(self, *, at: datetime) -> None:
        if self.status is Status.PUBLISHED:
            raise AlreadyPublishedError("the product is published already")
        self.status = Status.PUBLISHED
        self.published_at = self.changed_at = at

    def withdraw(self, *, at: datetime) -> None:
        if self.status is not Status.PUBLISHED:
            raise NotPublishedError(f"the product is {self.status}: there is nothing to withdraw")
        self.status = Status.WITHDRAWN
        self.changed_at = at

    def facts(self) -> dict[str, Any]:
        """What the audit log remembers of it."""
        return {
            "sku": self.sku,
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "price": self.price,
            "status": self.status,
        }

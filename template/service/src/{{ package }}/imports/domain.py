"""What an import is, and which rows it takes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import PurePosixPath
from uuid import UUID

from ..chassis.errors import NotFoundError, RejectedError

COLUMNS = ("sku", "name", "price")
_SKU = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
_HIGHEST_PRICE = 100_000_00


class ImportNotFoundError(NotFoundError):
    pass


class FileMissingError(NotFoundError):
    pass


class FileNameError(RejectedError):
    pass


class FileUnusableError(RejectedError):
    """It cannot be read as a table of products: to try again makes no sense before a repair."""


class RowRejectedError(RejectedError):
    pass


class State(StrEnum):
    REQUESTED = "requested"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`price` is in cents."""

    sku: str
    name: str
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """`line` counts as editors do: the header is 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a file; `lines` is how many of it are read when these are stored."""

    products: tuple[Product, ...]
    rejections: tuple[Rejection, ...]
    lines: int

    @property
    def accepted(self) -> int:
        return len(self.products)


@dataclass(slots=True, kw_only=True)
class Import:
    """`lines` is the checkpoint: as many of the file are stored. `content` tells files apart."""

    id: UUID
    file: str
    requested_at: datetime
    state: State = State.REQUESTED
    content: str = ""
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    reason: str | None = None
    ended_at: datetime | None = None

    def begin(self, content: str) -> bool:
        """Go on where it was; with another content than before, anew. Says which."""
        fresh = content != self.content
        if fresh:
            self.content = content
            self.lines = self.accepted = self.rejected = 0
        self.state, self.reason, self.ended_at = State.REQUESTED, None, None
        return fresh

    def take(self, chunk: Chunk) -> None:
        self.lines = chunk.lines
        self.accepted += chunk.accepted
        self.rejected += len(chunk.rejections)

    def finish(self, *, at: datetime) -> None:
        self.state, self.ended_at = State.FINISHED, at

    def fail(self, reason: str, *, at: datetime) -> None:
        self.state, self.reason, self.ended_at = State.FAILED, reason, at


def check_name(file: str) -> str:
    """A path below the folder of imports, and never out of it."""
    parts = PurePosixPath(file).parts
    usable = parts and not file.startswith("/") and ".." not in parts and len(file) <= 255
    if not usable or "\\" in file or not file.isprintable():
        raise FileNameError("a file is named by its path below the folder of imports")
    return file


def to_product(row: Mapping[str, str]) -> Product:
    """Raises RowRejectedError with a reason that quotes nothing."""
    sku, name = row["sku"].strip(), row["name"].strip()
    if not _SKU.fullmatch(sku):
        raise RowRejectedError("the sku is not up to 32 capitals, digits and hyphens")
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise RowRejectedError("the name is not one line of 1 to 200 characters")
    return Product(sku=sku, name=name, price=_cents(row["price"].strip()))


def _cents(text: str) -> int:
    try:
        cents = Decimal(text) * 100
    except ArithmeticError:
        raise RowRejectedError("the price is not a number") from None
    if not cents.is_finite() or cents != cents.to_integral_value():
        raise RowRejectedError("the price has parts of a cent")
    if not 0 <= cents <= _HIGHEST_PRICE:
        raise RowRejectedError("the price is below nothing, or above 100000")
    return int(cents)

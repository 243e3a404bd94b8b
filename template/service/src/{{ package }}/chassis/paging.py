# Sealed: an update replaces this file.
"""Keyset pagination: pages that stay right while rows come and go."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, RowMapping, Select, literal, tuple_

from .errors import RejectedError


class InvalidCursorError(RejectedError):
    def __init__(self) -> None:
        super().__init__("use the `next` of a page with the same `sort`, as it is")


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list: by `column`, then by `tiebreak`, which is unique."""

    name: str
    column: ColumnElement[Any]
    tiebreak: ColumnElement[Any]
    descending: bool = False

    def page(self, query: Select[Any], *, after: str | None, limit: int) -> Select[Any]:
        """One row more than `limit`, so that `split` sees whether there is a next page."""
        columns = (self.column, self.tiebreak)
        if after is not None:
            position, here = tuple_(*columns), tuple_(*self._decode(after))
            query = query.where(position < here if self.descending else position > here)
        order = [column.desc() if self.descending else column.asc() for column in columns]
        return query.order_by(*order).limit(limit + 1)

    def split(
        self, rows: Sequence[RowMapping], limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The rows of the page, and the cursor of the next one if there is one."""
        following = self._encode(rows[limit - 1]) if len(rows) > limit else None
        return [dict(row) for row in rows[:limit]], following

    def _encode(self, row: RowMapping) -> str:
        keys = [row[str(column.key)] for column in (self.column, self.tiebreak)]
        raw = orjson.dumps([self.name, *keys], default=str)  # asyncpg has its own UUID
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def _decode(self, cursor: str) -> list[ColumnElement[Any]]:
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            name, *values = orjson.loads(raw)
            if name != self.name:
                raise InvalidCursorError
            columns = (self.column, self.tiebreak)
            return [_bound(*pair) for pair in zip(columns, values, strict=True)]
        except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
            raise InvalidCursorError from None


def _bound(column: ColumnElement[Any], value: Any) -> ColumnElement[Any]:
    kind = column.type.python_type
    if kind is datetime:
        value = datetime.fromisoformat(value)
        if value.tzinfo is None:
            raise ValueError("no time zone")
        value = value.astimezone(UTC)  # the first and the last day may have none
    elif kind is int:
        if type(value) is not int or not -(2**63) <= value < 2**63:
            raise ValueError("not a stored number")
    else:
        value = kind(value)
    return literal(value, column.type)

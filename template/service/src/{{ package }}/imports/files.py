"""Files of products: CSV in UTF-8, with a header; read in chunks, beside the event loop."""

import asyncio
import csv
import time
from collections.abc import AsyncIterator, Generator
from itertools import islice
from pathlib import Path
from typing import TextIO

from .domain import (
    COLUMNS,
    Chunk,
    FileMissingError,
    FileUnusableError,
    Product,
    Rejection,
    RowRejectedError,
    to_product,
)

_STILL_WRITTEN_SECONDS = 2.0


def fingerprint(path: Path) -> str:
    """Another one whenever the file was written again; raises FileMissingError."""
    try:
        found = path.stat()
    except OSError:
        raise FileMissingError("there is no such file in the folder of imports") from None
    return f"{found.st_size}-{found.st_mtime_ns}"


def incoming(folder: Path) -> list[str]:
    """Files that came unasked, but for those that are still being written."""
    before = time.time() - _STILL_WRITTEN_SECONDS
    found = sorted((folder / "incoming").glob("*.csv"))
    return [f"incoming/{each.name}" for each in found if each.stat().st_mtime <= before]


def count(path: Path) -> int:
    """Lines without the header; a row over several lines counts as more, so it is a guess."""
    with path.open("rb") as file:
        return max(0, sum(1 for _ in file) - 1)


async def chunks(path: Path, *, rows: int, after: int) -> AsyncIterator[Chunk]:
    """The rows behind the first `after`; raises FileUnusableError."""
    reading = _chunks(path, rows=rows, after=after)
    try:
        while (chunk := await asyncio.to_thread(next, reading, None)) is not None:
            yield chunk
    finally:
        reading.close()


def _chunks(path: Path, *, rows: int, after: int) -> Generator[Chunk]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = _reader(file)
            done = sum(1 for _ in islice(reader, after))
            while batch := list(islice(reader, rows)):
                done += len(batch)
                yield _chunk(batch, first=done - len(batch) + 2, lines=done)
        except UnicodeDecodeError as error:
            raise FileUnusableError(f"it is not text in UTF-8: {error.reason}") from None
        except csv.Error as error:
            raise FileUnusableError(f"it is not CSV: {error}") from None


def _reader(file: TextIO) -> "csv.DictReader[str]":
    reader = csv.DictReader(file, strict=True, restval="")
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise FileUnusableError(f"its header lacks `{'`, `'.join(missing)}`")
    return reader


def _chunk(batch: list[dict[str, str]], *, first: int, lines: int) -> Chunk:
    products: list[Product] = []
    rejections: list[Rejection] = []
    for line, row in enumerate(batch, first):
        try:
            products.append(to_product(row))
        except RowRejectedError as error:
            rejections.append(Rejection(line=line, reason=str(error)))
    return Chunk(products=tuple(products), rejections=tuple(rejections), lines=lines)

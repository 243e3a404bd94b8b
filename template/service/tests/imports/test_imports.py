"""Imports in one process: what comes in, what is told, what is written down."""

import asyncio
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ..conftest import Settings, UnitOfWork, events
from .conftest import domain, files, until, use_cases, write

pytestmark = pytest.mark.anyio


async def ask(app: FastAPI, file: str, import_id: UUID | None = None) -> UUID:
    import_id = import_id or uuid4()
    unit = UnitOfWork(app.state.database)
    await use_cases.ask(unit, import_id=import_id, file=file)
    return import_id


async def told_of(told: list[events.Event], number: int) -> list[dict[str, object]]:
    async def enough() -> bool:
        return len(told) >= number

    await until(enough)
    return [event.model_dump(exclude={"import_id"}) for event in told]


async def test_rows_are_taken_or_rejected_with_a_reason(
    app: FastAPI, settings: Settings, told: list[events.Event]
) -> None:
    more = "tea,Small letters,1\nTEA-9,No price,\n"
    write(settings.imports_folder / "teas.csv", range(1200), more=more)

    await ask(app, "teas.csv")
    heard = await told_of(told, 1)

    assert heard == [{"file": "teas.csv", "accepted": 1200, "rejected": 2}]
    rejected = text("SELECT line, reason FROM import_rejections ORDER BY line")
    rows = await app.state.database.rows(rejected)
    assert [row["line"] for row in rows] == [1202, 1203]
    assert rows[1]["reason"] == "the price is not a number"


async def test_an_import_that_is_asked_for_twice_is_done_once(
    app: FastAPI, settings: Settings, told: list[events.Event]
) -> None:
    write(settings.imports_folder / "once.csv", range(10))
    write(settings.imports_folder / "after.csv", range(10))

    first = await ask(app, "once.csv")
    await ask(app, "once.csv", first)
    await told_of(told, 1)
    await ask(app, "after.csv")
    heard = await told_of(told, 2)

    assert [each["file"] for each in heard] == ["once.csv", "after.csv"]
    changes = await app.state.database.rows(text("SELECT max(changes) AS most FROM products"))
    assert changes[0]["most"] == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"sku,title\nTEA-1,Oolong\n", "its header lacks `name`, `price`"),
        (b"sku,name,price\nTEA-1,\xff\xfe,1\n", "it is not text in UTF-8"),
        (b'sku,name,price\nTEA-1,"Oolong,1\n', "it is not CSV"),
        (b"", "its header lacks"),
    ],
)
async def test_a_file_that_nobody_can_read_is_told_of(
    app: FastAPI, settings: Settings, told: list[events.Event], content: bytes, reason: str
) -> None:
    (settings.imports_folder / "broken.csv").write_bytes(content)

    await ask(app, "broken.csv")
    (heard,) = await told_of(told, 1)

    assert reason in str(heard["reason"])


async def test_a_file_that_comes_unasked_is_imported_once_it_is_whole(
    app: FastAPI, settings: Settings, told: list[events.Event]
) -> None:
    path = settings.imports_folder / "incoming" / "new.csv"
    write(path, range(10))
    unit = UnitOfWork(app.state.database)

    await use_cases.scan(unit, folder=settings.imports_folder)
    assert await app.state.database.rows(text("SELECT id FROM imports")) == []
    os.utime(path, (0, 0))
    for _ in range(2):
        await use_cases.scan(unit, folder=settings.imports_folder)
        await told_of(told, 1)
    path.unlink()

    assert await told_of(told, 1) == [{"file": "incoming/new.csv", "accepted": 10, "rejected": 0}]


async def test_chunks_go_on_behind_what_was_read(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", range(25))

    read = [chunk async for chunk in files.chunks(tmp_path / "a.csv", rows=10, after=7)]

    assert [chunk.lines for chunk in read] == [17, 25]
    assert read[0].products[0].sku == "TEA-7"


async def test_old_imports_are_forgotten(
    app: FastAPI, settings: Settings, told: list[events.Event]
) -> None:
    write(settings.imports_folder / "old.csv", range(3), more="x,y,z\n")
    await ask(app, "old.csv")
    await told_of(told, 1)

    await asyncio.sleep(0.01)
    await use_cases.clean_up(UnitOfWork(app.state.database), days=0)

    for table in ("imports", "import_rejections"):
        assert await app.state.database.rows(text(f"SELECT * FROM {table}")) == []


def test_the_reason_of_a_rejected_row_quotes_nothing() -> None:
    with pytest.raises(domain.RowRejectedError) as refused:
        domain.to_product({"sku": "hunter2", "name": "a", "price": "1"})

    assert "hunter2" not in str(refused.value)

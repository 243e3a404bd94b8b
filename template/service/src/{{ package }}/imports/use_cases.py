"""What can be done with imports: each function is one transaction, or a part of one."""

from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog

from ..chassis.events import emit
from ..chassis.jobs import enqueue
from ..chassis.tables import now
from ..chassis.unit_of_work import UnitOfWork
from . import files
from .domain import Chunk, Import, check_name
from .events import ImportFailed, ImportFinished, ImportRequested
from .jobs import ImportFile
from .repository import Imports

log = structlog.get_logger()


async def ask(unit: UnitOfWork, *, import_id: UUID, file: str) -> None:
    """Tell whoever imports, here or elsewhere; raises FileNameError."""
    async with unit:
        emit(unit, ImportRequested(import_id=import_id, file=check_name(file)))


async def accept(unit: UnitOfWork, *, import_id: UUID, file: str) -> None:
    """Write the import down, and put it in the queue; once, however often it is asked for."""
    async with unit:
        imports = Imports(unit.session)
        if await imports.known(import_id):
            return
        imports.add(Import(id=import_id, file=check_name(file), requested_at=now()))
        await enqueue(unit, ImportFile(import_id=import_id), key=str(import_id))
        unit.after_commit(lambda: log.info("import_accepted", import_id=str(import_id), file=file))


async def begin(unit: UnitOfWork, *, import_id: UUID, folder: Path) -> Import:
    """Where to go on; a file that was written again since is read from its first row."""
    async with unit:
        imports = Imports(unit.session)
        asked = await imports.get(import_id)
        if asked.begin(files.fingerprint(folder / asked.file)):
            await imports.forget_rejections(import_id)
        await imports.save(asked)
    return asked


async def store(unit: UnitOfWork, *, import_id: UUID, chunk: Chunk) -> Import:
    """Rows and checkpoint together: after a crash, it goes on behind them."""
    async with unit:
        imports = Imports(unit.session)
        asked = await imports.get(import_id)
        asked.take(chunk)
        await imports.store(asked, chunk)
        await imports.save(asked)
    return asked


async def finish(unit: UnitOfWork, *, import_id: UUID) -> None:
    async with unit:
        imports = Imports(unit.session)
        asked = await imports.get(import_id)
        asked.finish(at=now())
        await imports.save(asked)
        counts = {"accepted": asked.accepted, "rejected": asked.rejected}
        emit(unit, ImportFinished(import_id=import_id, file=asked.file, **counts))
        unit.after_commit(lambda: log.info("import_finished", import_id=str(import_id), **counts))


async def fail(unit: UnitOfWork, *, import_id: UUID, reason: str) -> None:
    async with unit:
        imports = Imports(unit.session)
        if not await imports.known(import_id):
            return
        asked = await imports.get(import_id)
        asked.fail(reason, at=now())
        await imports.save(asked)
        emit(unit, ImportFailed(import_id=import_id, file=asked.file, reason=reason))


async def scan(unit: UnitOfWork, *, folder: Path) -> None:
    """Accept each file in `incoming` that no import has taken as it is."""
    async with unit:
        for file in files.incoming(folder):
            content = files.fingerprint(folder / file)
            if not await Imports(unit.session).of_content(file, content):
                import_id = uuid5(NAMESPACE_URL, f"import:{file}:{content}")
                await accept(unit, import_id=import_id, file=file)


async def clean_up(unit: UnitOfWork, *, days: float) -> None:
    async with unit:
        gone = await Imports(unit.session).purge(before=now() - timedelta(days=days))
        unit.after_commit(lambda: log.info("imports_forgotten", imports=gone))

"""What comes in: events that ask for imports, and jobs."""

import asyncio

from ..chassis import events, jobs
from ..chassis.unit_of_work import UnitOfWork
from . import files, use_cases
from .events import ImportRequested
from .jobs import CleanUp, ImportFile, ScanFolder
from .settings import SliceSettings

on_event = events.Handlers()


@on_event.on(ImportRequested)
async def accept(event: ImportRequested, unit: events.UnitOfWork, _: events.Incoming) -> None:
    await use_cases.accept(unit, import_id=event.import_id, file=event.file)


def of_jobs(settings: SliceSettings) -> jobs.Handlers:
    """The jobs of this slice, and when they come by themselves."""
    on_job, folder = jobs.Handlers(), settings.imports_folder

    @on_job.on(ImportFile, at_once=settings.imports_at_once)
    async def import_file(job: ImportFile, run: jobs.Run) -> None:
        await _import(job, run, settings)

    @on_job.gave_up(ImportFile)
    async def give_up(job: ImportFile, unit: UnitOfWork, reason: str) -> None:
        await use_cases.fail(unit, import_id=job.import_id, reason=reason)

    @on_job.on(ScanFolder)
    async def scan_folder(_: ScanFolder, run: jobs.Run) -> None:
        await use_cases.scan(run.finish(), folder=folder)

    @on_job.on(CleanUp)
    async def clean_up(_: CleanUp, run: jobs.Run) -> None:
        await use_cases.clean_up(run.finish(), days=settings.imports_days)

    on_job.every("scan_folder", settings.imports_scan_seconds, lambda _: ScanFolder())
    on_job.cron(
        "clean_up", settings.imports_cleaning, lambda _: CleanUp(), zone=settings.imports_zone
    )
    return on_job


async def _import(job: ImportFile, run: jobs.Run, settings: SliceSettings) -> None:
    """Chunk by chunk, each with its checkpoint, from where the last attempt was."""
    folder, import_id = settings.imports_folder, job.import_id
    asked = await use_cases.begin(run.step(), import_id=import_id, folder=folder)
    path = folder / asked.file
    total = await asyncio.to_thread(files.count, path)
    run.progress(asked.lines, total=total, message=asked.file)
    reading = files.chunks(path, rows=settings.imports_chunk_rows, after=asked.lines)
    async for chunk in reading:
        run.progress(chunk.lines, message=asked.file)
        await use_cases.store(run.step(), import_id=import_id, chunk=chunk)
    await use_cases.finish(run.finish(), import_id=import_id)

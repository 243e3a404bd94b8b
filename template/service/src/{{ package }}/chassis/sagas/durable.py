# Sealed: an update replaces this file.
"""DBOS: runs each saga to its end, in exactly one process at a time, and remembers its steps."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from sqlalchemy import Engine, event, exc, make_url

from ..faults import DatabaseUnavailableError
from .settings import SagasSettings

# Of this engine, not of the sagas: those have queues by name and version instead, so that what
# is in flight goes to processes that know it, whatever else they know.
_VERSION = "sagas-1"
_POLL_SECONDS = 0.2
_KEPT = timedelta(hours=1)
_BATCH = 500
_sqlite = {"synchronous": "NORMAL"}


async def _nobody(saga_id: UUID) -> str:
    raise RuntimeError(f"nobody drives sagas in this process, such as {saga_id}")


driver: Callable[[UUID], Awaitable[str]] = _nobody
"""Drives a saga; set by the engine of this process."""


class _Json(Serializer):
    """Instead of pickle: nobody who can write to the database should be able to run code."""

    def serialize(self, data: Any) -> str:
        return orjson.dumps(data, default=str).decode()

    def deserialize(self, serialized_data: str) -> Any:
        return orjson.loads(serialized_data)

    def name(self) -> str:
        return "json"


@DBOS.workflow(name="saga", max_recovery_attempts=None)
async def _drive(saga_id: str) -> str:
    return await driver(UUID(saga_id))


async def step(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    return await DBOS.run_step_async({"name": name}, function, *arguments)


def url_of(settings: SagasSettings) -> str:
    """PostgreSQL: the service's database, in the schema `dbos`. SQLite: a file beside it.

    In the same file, DBOS and the service would wait for each other's lock, and Alembic would
    see tables that are not ours.
    """
    url = make_url(settings.database_url.get_secret_value())
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        url = url.set(drivername="sqlite", database=str(file.with_name(f"{file.stem}-sagas.db")))
    else:
        url = url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def prepare(settings: SagasSettings) -> None:
    """Logs go the way of all logs; what SQLite has to be told."""
    library = logging.getLogger("dbos")
    library.handlers, library.propagate = [logging.NullHandler()], True
    library.setLevel(logging.WARNING)
    _sqlite["synchronous"] = "FULL" if settings.production else "NORMAL"
    if not event.contains(Engine, "connect", _connected):
        event.listen(Engine, "connect", _connected)


def _connected(connection: Any, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={_sqlite['synchronous']}")
        if sqlite3.sqlite_version_info < (3, 42):  # its own knows no fractions of seconds
            connection.create_function("unixepoch", -1, _unixepoch)


def _unixepoch(*arguments: str) -> float:
    return time.time() if "subsec" in arguments else int(time.time())


def migrate(settings: SagasSettings) -> None:
    """Raises DatabaseUnavailableError."""
    prepare(settings)
    try:
        DBOS.migrate(url_of(settings))
    except exc.OperationalError:
        raise DatabaseUnavailableError("the database does not answer") from None


async def launch(settings: SagasSettings, *, executor: str, queues: Iterable[str]) -> None:
    """Begin to take sagas of these queues. Blocks the loop for a moment: it runs them here."""
    config: DBOSConfig = {
        "name": settings.service,
        "system_database_url": url_of(settings),
        "application_version": _VERSION,
        "executor_id": executor,
        "run_migrations": False,
        "sys_db_pool_size": 5,
        "max_executor_threads": 16,
        "log_level": "WARNING",
        "serializer": _Json(),
        "scheduler_polling_interval_sec": 3600.0,
    }
    DBOS(config=config)
    DBOS.listen_queues([*queues])
    DBOS.launch()
    for queue in queues:
        await DBOS.register_queue_async(queue, polling_interval_sec=_POLL_SECONDS)


def expect_the_end() -> None:
    """That sagas are let go of is no news then."""
    logging.getLogger("dbos").setLevel(logging.ERROR)


async def shut_down() -> None:
    """Whoever is being driven must have been let go of before."""
    # DBOS lent its threads to the loop, and takes them away now.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
    await asyncio.to_thread(DBOS.destroy)


async def enqueue(queue: str, saga_id: UUID) -> None:
    """Do this twice, and it is driven once."""
    with SetWorkflowID(str(saga_id)):
        await DBOS.enqueue_workflow_async(queue, _drive, str(saga_id))


async def recover(executor: str) -> int:
    """Put what a process was driving back into its queues; how many those were.

    Once another process has taken a saga, it is no longer that process's: doing this twice, or
    at two places at once, does no harm.
    """
    # Its only way in for those who run no service of DBOS's own; a test holds it.
    taken = await asyncio.to_thread(DBOS._recover_pending_workflows, [executor])  # noqa: SLF001
    return len(taken)


async def forget() -> None:
    """Delete what DBOS remembers of sagas that ended; the service has its own history."""
    before = (datetime.now(UTC) - _KEPT).isoformat()
    ended = await DBOS.list_workflows_async(
        status="SUCCESS",
        completed_before=before,
        limit=_BATCH,
        load_input=False,
        load_output=False,
    )
    if ended:
        await DBOS.delete_workflows_async([each.workflow_id for each in ended])

# Sealed: an update replaces this file.
"""What the errors of a database mean to a caller."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

import structlog
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from .errors import ConflictError, DomainError, RejectedError, UnavailableError

log = structlog.get_logger()

# Connection lost, out of resources, shutting down, cancelled, deadlock, serialization, and
# tables or columns that are not there: the migration has not run yet.
_PASSING = ("08", "53", "57", "58", "40", "55", "42P01", "42703")
# Too long, out of range, not of its type, or text that PostgreSQL has no place for, such as NUL.
_UNSTORABLE = frozenset({"22000", "22001", "22003", "22007", "22008", "22021", "22P02", "22P05"})


class DatabaseUnavailableError(UnavailableError):
    pass


class ConcurrentChangeError(ConflictError):
    pass


class ConstraintViolatedError(ConflictError):
    pass


class UnstorableValueError(RejectedError):
    pass


@contextmanager
def translated() -> Iterator[None]:
    """Raise database errors as domain errors: 503 to try again, 409 and 422 for the caller."""
    try:
        yield
    except DomainError:
        raise
    except Exception as error:
        if (meaning := _meaning(error)) is None:
            raise
        cause = getattr(error, "orig", None) or error
        log.warning(
            "database_error",
            error=type(cause).__name__,
            code=_code(cause),
            constraint=getattr(cause.__cause__, "constraint_name", None),
            means=type(meaning).__name__,
        )
        raise meaning from None


def _meaning(error: Exception) -> DomainError | None:
    if isinstance(error, StaleDataError):
        return ConcurrentChangeError("somebody else changed it at the same time")
    if isinstance(error, exc.IntegrityError):
        return ConstraintViolatedError("this contradicts what is stored")
    if isinstance(error, exc.DataError) or _is_unstorable(error):
        return UnstorableValueError("the database cannot store one of the values")
    if _is_passing(error):
        return DatabaseUnavailableError("the database does not answer")
    return None


def _is_unstorable(error: Exception) -> bool:
    return isinstance(error, exc.DBAPIError) and _code(error.orig) in _UNSTORABLE


def _is_passing(error: Exception) -> bool:
    if isinstance(error, exc.TimeoutError):
        return True
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated or isinstance(error, exc.InterfaceError):
            return True
        if isinstance(error.orig, sqlite3.OperationalError):
            return _is_passing_on_sqlite(error.orig)
        return str(getattr(error.orig, "sqlstate", "")).startswith(_PASSING)
    # While it connects, the driver raises its own errors, and those of the system as they are.
    return type(error).__module__.startswith("asyncpg") or (
        isinstance(error, OSError) and _came_through_the_driver(error)
    )


def _is_passing_on_sqlite(error: sqlite3.OperationalError) -> bool:
    # Wrong SQL is our mistake; a table that is missing, a migration that has not run yet.
    return error.sqlite_errorcode != sqlite3.SQLITE_ERROR or "no such" in str(error)


def _came_through_the_driver(error: OSError) -> bool:
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.startswith(("sqlalchemy.", "asyncpg.", "aiosqlite.")) for module in modules)


def _code(cause: BaseException | None) -> str | None:
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)

# Sealed: an update replaces this file.
"""Structured logs on standard output: JSON, or readable on a terminal."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, Literal

import orjson
import structlog
from fastapi import FastAPI
from pydantic import Field

from .config import CoreSettings
from .context import current

_SECRET_KEY = re.compile(
    r"authorization|cookie|password|passwd|secret|token|api_?key|dsn|private", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"\b(?:Bearer|Basic)\s+\S+"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=://)[^\s/@]*:\S+(?=@)"
    r"|\b(?:password|passwd|token|secret|api_?key)=[^\s&]+",
    re.IGNORECASE,
)
_HIDDEN = "[hidden]"


class LoggingSettings(CoreSettings):
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least serious level that is written."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: readable on a terminal, JSON elsewhere."
    )


def install(_app: FastAPI, settings: LoggingSettings) -> None:
    configure(settings)


def configure(settings: LoggingSettings) -> None:
    """Send the service's own lines and those of every library the same way."""
    readable = settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stdout.isatty()
    )
    level = logging.getLevelName(settings.log_level)
    structlog.configure(
        processors=[*_SHARED, *_rendering(settings, readable=readable)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.PrintLoggerFactory() if readable else structlog.BytesLoggerFactory()
        ),
        cache_logger_on_first_use=False,
    )
    _capture_stdlib(settings, level, readable=readable)


def _rendering(settings: LoggingSettings, *, readable: bool) -> list[Any]:
    if readable:
        return [structlog.dev.ConsoleRenderer()]
    name = _name_service(settings.service)
    return [name, structlog.processors.JSONRenderer(serializer=_dump)]


def _dump(event: Any, **_: Any) -> bytes:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a lone surrogate or a huge number: the line must be written all the same
        return json.dumps(event, default=str).encode()


def _capture_stdlib(settings: LoggingSettings, level: int, *, readable: bool) -> None:
    rendering = _rendering(settings, readable=readable)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering[:-1],
                rendering[-1] if readable else lambda *event: _dump(event[2]).decode(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.INFO))
    for name in ("uvicorn", "uvicorn.error"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)


def _add_request(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (request := current.get()) is not None:
        event["request_id"] = request.request_id
        event["trace_id"] = request.trace_id
    return event


def _name_service(service: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return add


def hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what is named like a secret, and what looks like a token or a password in a URL."""
    for key, value in event.items():
        event[key] = _hidden(key, value)
    return event


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _hidden(key: str, value: Any) -> Any:
    if value is not None and _is_secret(key):
        return _HIDDEN
    if isinstance(value, str):
        return value if value.isalnum() else _SECRET_VALUE.sub(_HIDDEN, value)
    if isinstance(value, dict):
        return {name: _hidden(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(key, item) for item in value]
    return value


def _brief_traceback(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if len(text := event.get("exception") or "") > _TRACEBACK_LIMIT:
        event["exception"] = "… " + text[-_TRACEBACK_LIMIT:]
    return event


_TRACEBACK_LIMIT = 1500
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    _add_request,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _brief_traceback,
    hide_secrets,
]

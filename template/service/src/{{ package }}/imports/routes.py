"""Where the slice is installed. It has no routes: it listens, and works."""

from fastapi import FastAPI

from ..chassis.events import consume
from ..chassis.jobs import work
from . import handlers
from .settings import SliceSettings

SCOPES = ()


def install(app: FastAPI, settings: SliceSettings) -> None:
    consume(app, handlers.on_event)
    work(app, handlers.of_jobs(settings))

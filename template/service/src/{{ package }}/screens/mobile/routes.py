"""What only the backend of an app installs."""

from fastapi import FastAPI

from .settings import KindSettings

SCOPES: tuple[str, ...] = ()


def install(app: FastAPI, settings: KindSettings) -> None:
    app.state.app_cache_seconds = settings.app_cache_seconds

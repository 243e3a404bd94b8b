"""The HTTP face of dossiers."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request

from ..chassis import http, problems
from ..chassis.auth import Caller, requires
from . import use_cases
from .schemas import DossierOut
from .settings import SliceSettings

SCOPES = ("dossiers:read",)
Reader = Annotated[Caller, requires("dossiers:read")]

router = APIRouter(
    prefix="/dossiers", tags=["dossiers"], responses=problems.documented(401, 403, 502)
)


async def _sources(request: Request) -> use_cases.Sources:
    sources: use_cases.Sources = request.app.state.dossiers
    return sources


@router.get("/me")
async def mine(
    caller: Reader, sources: Annotated[use_cases.Sources, Depends(_sources)]
) -> DossierOut:
    """Your dossier: orders, their history, and what follows from both."""
    dossier = await use_cases.compose(sources, customer=caller.subject, scopes=caller.scopes)
    return DossierOut.of(dossier)


def install(app: FastAPI, settings: SliceSettings) -> None:
    audience = settings.orders_audience
    fresh, stale = settings.fresh_seconds, settings.stale_seconds
    app.state.dossiers = use_cases.Sources(
        orders=http.upstream(
            app, "orders", settings.orders_url, audience=audience, scope="orders:read"
        ),
        history=http.upstream(
            app, "history", settings.history_url, audience=audience, scope="audit:read"
        ),
        kept_orders=http.SharedReads(fresh_seconds=fresh, stale_seconds=stale),
        kept_changes=http.SharedReads(fresh_seconds=fresh, stale_seconds=stale),
        patience=settings.history_seconds,
    )
    app.include_router(router)

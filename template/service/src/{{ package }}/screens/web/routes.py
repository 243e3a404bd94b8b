"""The HTTP face of sessions, the page, and how the parts are put together."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ...chassis import http, lifecycle, problems
from ...chassis.errors import NotFoundError
from . import cookies, development, pages, sign_in
from .callers import SignedIn, Web, of
from .database_store import DatabaseStore
from .development import DevelopmentProvider
from .oidc import OpenIdProvider
from .provider import Provider
from .redis_store import RedisStore
from .registration import Registration
from .sealing import Sealer, development_key
from .sessions import Session, Sessions
from .settings import KindSettings
from .store import Store

Routes = list[tuple[str, str, Callable[..., Any]]]

SCOPES: tuple[str, ...] = ()

router = APIRouter(tags=["session"], responses=problems.documented(401, 403))
pages_router = APIRouter(include_in_schema=False)


class SessionOut(BaseModel):
    subject: str
    name: str
    scopes: list[str]
    csrf_token: str
    """Requests that change something carry it as `X-CSRF-Token`."""
    ends_at: datetime


class GoneOut(BaseModel):
    location: str
    """Where the browser goes to sign out at the provider too."""


# --- The session -------------------------------------------------------------------------


@router.get("/session")
async def read(session: SignedIn) -> SessionOut:
    """Who is signed in, and the token that requests need which change something."""
    return SessionOut(
        subject=session.record.subject,
        name=session.tokens.name or session.record.subject,
        scopes=sorted(session.tokens.scopes),
        csrf_token=session.csrf_token,
        ends_at=session.record.ends_at,
    )


@router.post("/logout", response_model=GoneOut)
async def logout(request: Request, session: SignedIn) -> Response:
    """End this session; `location` is where the browser ends that of the provider."""
    return await _gone(request, session, everywhere=False)


@router.post("/logout/everywhere", response_model=GoneOut)
async def logout_everywhere(request: Request, session: SignedIn) -> Response:
    """End every session of whoever is signed in, on all devices."""
    return await _gone(request, session, everywhere=True)


async def _gone(request: Request, session: Session, *, everywhere: bool) -> Response:
    web = of(request.app)
    location = await web.sessions.end(session, everywhere=everywhere)
    answer = JSONResponse({"location": location})
    cookies.clear(answer, web, web.session_cookie)
    return answer


async def ended_at_provider(request: Request) -> Response:
    """OpenID Connect back-channel logout: the provider says that somebody has signed out."""
    form = parse_qs((await request.body()).decode("latin-1"))
    provider: OpenIdProvider = request.app.state.provider
    sid, subject = await provider.ended(form.get("logout_token", [""])[0])
    store = of(request.app).sessions.store
    if sid:
        await store.remove_at_provider(sid)
    elif subject:
        await store.remove_of(subject)
    return Response(status_code=200)


# --- The page ------------------------------------------------------------------------------


@pages_router.get("/")
async def page() -> Response:
    return pages.file("index.html")


@pages_router.get("/page/{name}")
async def page_file(name: str) -> Response:
    if name not in pages.NAMES:
        raise NotFoundError
    return pages.file(name)


# --- Putting it together -------------------------------------------------------------------


def install(app: FastAPI, settings: KindSettings) -> None:
    chassis: http.HttpSettings = app.state.http
    keys = [key.get_secret_value() for key in settings.session_keys]
    sealer = app.state.sealer = Sealer(keys or [development_key(chassis.dev_key_file)])
    provider = app.state.provider = _provider(app, settings, chassis, sealer)
    sessions = Sessions(
        _store(app, settings),
        sealer,
        provider,
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    lifecycle.of(app).resources.append(sessions.purging)
    prefix = "__Host-" if settings.public_url.startswith("https:") else ""
    app.state.web = Web(
        sessions=sessions,
        public_url=settings.public_url,
        session_cookie=f"{prefix}{settings.service}-session",
        sign_in_cookie=f"{prefix}{settings.service}-sign-in",
    )
    for each in (router, sign_in.router, pages_router):
        app.include_router(each)


def _provider(
    app: FastAPI, settings: KindSettings, chassis: http.HttpSettings, sealer: Sealer
) -> Provider:
    """With the routes that only this provider needs."""
    provider: OpenIdProvider | DevelopmentProvider
    if settings.oidc_issuer:
        provider = OpenIdProvider(_registration(settings, chassis))
        lifecycle.of(app).resources.append(provider.opened)
        routes: Routes = [("POST", "/backchannel-logout", ended_at_provider)]
    else:
        provider = DevelopmentProvider(chassis, sealer, settings.oidc_scopes)
        routes = [
            ("GET", development.PATH, sign_in.development_page),
            ("POST", development.PATH, sign_in.development_sign_in),
        ]
    for method, path, endpoint in routes:
        app.add_api_route(path, endpoint, methods=[method], include_in_schema=False)
    return provider


def _registration(settings: KindSettings, chassis: http.HttpSettings) -> Registration:
    return Registration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=f"{settings.public_url}/callback",
        home=f"{settings.public_url}/",
        scopes=settings.oidc_scopes,
        prompt=settings.oidc_prompt,
        resource=settings.oidc_resource,
        algorithms=chassis.auth_algorithms,
        leeway=chassis.auth_leeway_seconds,
    )


def _store(app: FastAPI, settings: KindSettings) -> Store:
    if settings.session_store_url is None:
        return DatabaseStore(app.state.database)
    store = RedisStore(
        settings.session_store_url.get_secret_value(),
        prefix=settings.service,
        idle=timedelta(minutes=settings.session_idle_minutes),
    )
    lifecycle.of(app).resources.append(store.opened)
    app.state.health.add("sessions", store.check)
    return store

"""The HTTP face of signing in and out, and the page."""

import re
import secrets
from datetime import datetime, timedelta
from hmac import compare_digest
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from ...chassis import http, lifecycle, problems
from ...chassis.errors import DomainError, NotFoundError
from . import development, pages
from .callers import SignedIn, Web, of
from .database_store import DatabaseStore
from .development import DevelopmentProvider
from .guards import check_origin, local_path
from .oidc import OpenIdProvider, Registration
from .provider import Challenge, Provider, SignInRefusedError
from .redis_store import RedisStore
from .sealing import BrokenSealError, Sealer, development_key
from .sessions import SIGN_IN_SECONDS, Session, Sessions
from .settings import KindSettings
from .store import Store

SCOPES: tuple[str, ...] = ()
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")

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


# --- Signing in --------------------------------------------------------------------------


@pages_router.get("/login")
async def login(request: Request, next: str = "/") -> Response:  # noqa: A002 - as the web calls it
    """To the provider; what comes back must come to this browser, and within ten minutes."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = Challenge(state=state, nonce=nonce, verifier=verifier)
    try:
        answer = RedirectResponse(await _provider(request.app).where(challenge), 303)
    except DomainError as error:
        return _told(request, error)
    kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": local_path(next)}
    sealed = _sealer(request.app).seal(kept, purpose="sign-in").decode()
    web = of(request.app)
    _set(answer, web, web.sign_in_cookie, sealed, seconds=SIGN_IN_SECONDS)
    return answer


@pages_router.get("/callback")
async def callback(request: Request) -> Response:
    """Back from the provider: a session with a new id, or an explanation."""
    web = of(request.app)
    try:
        answer = await _signed_in(request, web)
    except DomainError as error:
        answer = _told(request, error)
    _clear(answer, web, web.sign_in_cookie)
    return answer


async def _signed_in(request: Request, web: Web) -> Response:
    told = dict(request.query_params)
    kept = _kept(request, web)
    if not compare_digest(told.get("state", "").encode(), kept["state"].encode()):
        raise SignInRefusedError("this answers another sign-in: sign in again")
    if "error" in told:
        raise SignInRefusedError("the provider did not let you in")
    await web.sessions.claim(kept["state"])
    challenge = Challenge(state=kept["state"], nonce=kept["nonce"], verifier=kept["verifier"])
    grant = await _provider(request.app).exchange(told, challenge)
    before = request.cookies.get(web.session_cookie)
    cookie = await web.sessions.begin(grant, instead_of=before)
    answer = RedirectResponse(local_path(kept["next"]), 303)
    _set(answer, web, web.session_cookie, cookie)
    return answer


def _told(request: Request, error: DomainError) -> Response:
    """A page for people, problem details for everybody else."""
    if "text/html" not in request.headers.get("accept", ""):
        raise error
    return pages.file("refused.html", error.status, why=str(error))


def _kept(request: Request, web: Web) -> dict[str, str]:
    sealed = request.cookies.get(web.sign_in_cookie, "").encode()
    try:
        return _sealer(request.app).open(sealed, purpose="sign-in", seconds=SIGN_IN_SECONDS)
    except BrokenSealError:
        raise SignInRefusedError(
            "this sign-in began in another browser, or too long ago: sign in again"
        ) from None


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
    _clear(answer, web, web.session_cookie)
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


# --- The page, and signing in without a provider -------------------------------------------


@pages_router.get("/")
async def page() -> Response:
    return pages.file("index.html")


@pages_router.get("/page/{name}")
async def page_file(name: str) -> Response:
    if name not in pages.NAMES:
        raise NotFoundError
    return pages.file(name)


async def development_page(state: str = "") -> Response:
    return pages.file("development.html", state=state)


async def development_sign_in(request: Request) -> Response:
    web = of(request.app)
    check_origin(request, own=web.origin(request))
    form = parse_qs((await request.body()).decode("latin-1"))
    name, state = (form.get(field, [""])[0] for field in ("name", "state"))
    if not _NAME.fullmatch(name):
        raise SignInRefusedError("a name is letters, digits and `._@-`, at most 64 of them")
    provider: DevelopmentProvider = request.app.state.provider
    answer = {"code": provider.code(name, state), "state": state}
    return RedirectResponse(f"/callback?{urlencode(answer)}", 303)


# --- Putting it together -------------------------------------------------------------------


def install(app: FastAPI, settings: KindSettings) -> None:
    chassis: http.HttpSettings = app.state.http
    keys = [key.get_secret_value() for key in settings.session_keys]
    sealer = Sealer(keys or [development_key(chassis.dev_key_file)])
    resources = lifecycle.of(app).resources
    provider: Provider
    if settings.oidc_issuer:
        provider = OpenIdProvider(_registration(settings, chassis))
        resources.append(provider.opened)
        app.add_api_route(
            "/backchannel-logout", ended_at_provider, methods=["POST"], include_in_schema=False
        )
    else:
        provider = DevelopmentProvider(chassis, sealer, settings.oidc_scopes)
        for method, endpoint in (("GET", development_page), ("POST", development_sign_in)):
            app.add_api_route(development.PATH, endpoint, methods=[method], include_in_schema=False)
    sessions = Sessions(
        _store(app, settings),
        sealer,
        provider,
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    resources.append(sessions.purging)
    prefix = "__Host-" if settings.public_url.startswith("https:") else ""
    app.state.sealer, app.state.provider = sealer, provider
    app.state.web = Web(
        sessions=sessions,
        public_url=settings.public_url,
        session_cookie=f"{prefix}{settings.service}-session",
        sign_in_cookie=f"{prefix}{settings.service}-sign-in",
    )
    app.include_router(router)
    app.include_router(pages_router)


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


def _provider(app: FastAPI) -> Provider:
    provider: Provider = app.state.provider
    return provider


def _sealer(app: FastAPI) -> Sealer:
    sealer: Sealer = app.state.sealer
    return sealer


def _set(answer: Response, web: Web, name: str, value: str, seconds: int | None = None) -> None:
    answer.set_cookie(name, value, seconds, secure=web.secure, httponly=True, samesite="lax")


def _clear(answer: Response, web: Web, name: str) -> None:
    answer.delete_cookie(name, secure=web.secure, httponly=True, samesite="lax")

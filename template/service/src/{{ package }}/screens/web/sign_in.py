"""The HTTP face of signing in: to the provider and back."""

import re
import secrets
from hmac import compare_digest
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from ...chassis.errors import DomainError
from . import cookies, pages
from .callers import Web, of
from .development import DevelopmentProvider
from .guards import check_origin, local_path
from .provider import Challenge, Provider, SignInRefusedError
from .sealing import BrokenSealError, Sealer
from .sessions import SIGN_IN_SECONDS

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")

router = APIRouter(include_in_schema=False)


@router.get("/login")
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
    cookies.put(answer, web, web.sign_in_cookie, sealed, seconds=SIGN_IN_SECONDS)
    return answer


@router.get("/callback")
async def callback(request: Request) -> Response:
    """Back from the provider: a session with a new id, or an explanation."""
    web = of(request.app)
    try:
        answer = await _signed_in(request, web)
    except DomainError as error:
        answer = _told(request, error)
    cookies.clear(answer, web, web.sign_in_cookie)
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
    cookies.put(answer, web, web.session_cookie, cookie)
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


def _provider(app: FastAPI) -> Provider:
    provider: Provider = app.state.provider
    return provider


def _sealer(app: FastAPI) -> Sealer:
    sealer: Sealer = app.state.sealer
    return sealer

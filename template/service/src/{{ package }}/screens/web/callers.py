"""Who is behind a request: the session of its cookie, and the token for calls on their behalf."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Request, Security
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase

from ...chassis import context
from ...chassis.errors import ForbiddenError
from ...chassis.verifier import Caller
from ..callers import speak_for
from .guards import check_csrf
from .sessions import Session, Sessions


class NotGrantedError(ForbiddenError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What the routes share."""

    sessions: Sessions
    public_url: str
    session_cookie: str
    sign_in_cookie: str

    @property
    def secure(self) -> bool:
        return self.session_cookie.startswith("__Host-")

    def origin(self, request: Request) -> str:
        """Ours. Without a setting, in development, that of the request."""
        url = request.url
        return self.public_url or f"{url.scheme}://{url.netloc}"


def of(app: FastAPI) -> Web:
    web: Web = app.state.web
    return web


class _SignedIn(SecurityBase):
    """A dependency that also puts the scheme into the OpenAPI document."""

    scheme_name = "session"
    model = APIKey(
        **{"in": APIKeyIn.cookie, "name": "session"},
        description="The cookie that sign-in sets; its name begins with that of the service.",
    )

    async def __call__(self, request: Request) -> Session:
        """Raises NotSignedInError, or CrossSiteRequestError where the request changes things."""
        web = of(request.app)
        session = await web.sessions.find(request.cookies.get(web.session_cookie))
        check_csrf(request, own=web.origin(request), token=session.csrf_token)
        if (known := context.current.get()) is not None:
            known.subject = session.record.subject
        return session


SignedIn = Annotated[Session, Security(_SignedIn())]


def _requires(scope: str) -> Any:
    async def granted(request: Request, session: SignedIn) -> Caller:
        session = await of(request.app).sessions.fresh(session)
        caller = Caller(session.record.subject, frozenset(session.tokens.scopes))
        if not caller.may(scope):
            raise NotGrantedError(f"this needs the scope `{scope}`")
        speak_for(caller, session.tokens.access_token)
        return caller

    return Security(granted)


Reader = Annotated[Caller, _requires("screens:read")]
Writer = Annotated[Caller, _requires("screens:write")]

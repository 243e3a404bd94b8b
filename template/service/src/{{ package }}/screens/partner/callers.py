"""Partners send an API key; upstreams are asked in the partner's name."""

from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase

from ...chassis.auth import Caller
from ...chassis.errors import DomainError, ForbiddenError
from ...chassis.unit_of_work import UnitOfWork
from ..callers import speak_for
from . import keys

HEADER = "X-API-Key"


class UnknownKeyError(DomainError):
    status = 401
    headers = {"WWW-Authenticate": "ApiKey"}  # noqa: RUF012 - as the class above has it


class KeyNotAllowedError(ForbiddenError):
    pass


class _Key(SecurityBase):
    """A dependency that also puts the scheme into the OpenAPI document."""

    scheme_name = "API key"
    model = APIKey(**{"in": APIKeyIn.header}, name=HEADER)

    def __init__(self, scope: str) -> None:
        self._scope = scope

    async def __call__(self, request: Request) -> Caller:
        state = request.app.state
        key = await keys.find(state.database, request.headers.get(HEADER, ""))
        if key is None:
            raise UnknownKeyError(f"send a key that is good: `{HEADER}: pk_…`")
        caller = Caller(key.partner, key.scopes)
        speak_for(caller, state.partner_identity.token(key.partner))
        await state.partner_quotas.use(UnitOfWork(state.database), key, request.scope)
        if not caller.may(self._scope):
            raise KeyNotAllowedError(f"this needs a key that allows `{self._scope}`")
        return caller


def holds(scope: str) -> Any:
    return Security(_Key(scope))


Reader = Annotated[Caller, holds("screens:read")]
Writer = Annotated[Caller, holds("screens:write")]
Subscriber = Annotated[Caller, holds("webhooks:write")]

"""Who may pass: not too many at once, not too often, and only with the right token."""

from ..chassis.context import current
from ..chassis.errors import UnavailableError
from ..chassis.verifier import Caller, MissingScopeError, UnauthenticatedError, Verifier
from .identity import Identity
from .rates import RateLimiter
from .visit import Visit


class OverloadedError(UnavailableError):
    """This gateway has too much to do; asking it again later helps."""


class Admission:
    def __init__(
        self, verifier: Verifier, identity: Identity, limiter: RateLimiter, *, most: int
    ) -> None:
        self._verifier, self._identity, self._limiter = verifier, identity, limiter
        self._most = most
        self.in_flight = 0

    def __enter__(self) -> None:
        """Raises OverloadedError: to say no at once is better than to say yes too late."""
        if self.in_flight >= self._most:
            raise OverloadedError("too many requests at once: come again in a moment")
        self.in_flight += 1

    def __exit__(self, *_: object) -> None:
        self.in_flight -= 1

    async def admit(self, visit: Visit) -> None:
        """Raises UnauthenticatedError, MissingScopeError or TooManyRequestsError."""
        rates = visit.route.rates
        if rates.before:
            visit.told += await self._limiter.hit(rates.before, client=visit.address)
        if not visit.route.part.public:
            visit.caller = await self._caller(visit)
            visit.tenant = self._identity.tenant(visit.caller)
        if rates.after and visit.caller is not None:
            who = {"caller": visit.caller.subject, "tenant": visit.tenant}
            told = await self._limiter.hit(rates.after, client=visit.address, **who)
            visit.told = told or visit.told

    async def _caller(self, visit: Visit) -> Caller:
        if not visit.head.token:
            raise UnauthenticatedError("send an access token: `Authorization: Bearer …`")
        caller = await self._verifier.caller(visit.head.token)
        if (context := current.get()) is not None:
            context.subject = caller.subject
        for scope in visit.route.part.scopes or ():
            if not caller.may(scope):
                raise MissingScopeError(scope)
        return caller

"""How a kind of client says in whose name the upstreams are called."""

from dataclasses import replace

from ..chassis import context, http
from ..chassis.verifier import Caller


def speak_for(caller: Caller, token: str) -> None:
    """From here on, the calls of this request go out with this token, or one exchanged for it.

    For dependencies (`async def`, or it happens in another thread's context) that have verified
    who calls. What the request itself has as `Authorization` no longer counts.
    """
    http.current.set(replace(http.current.get(), token=token))
    if (request := context.current.get()) is not None:
        request.subject = caller.subject

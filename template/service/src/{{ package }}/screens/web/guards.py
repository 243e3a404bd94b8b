"""What stands between other sites and a session: CSRF, open redirects, the cookie."""

import re
from hmac import compare_digest

from fastapi import Request

from ...chassis.errors import ForbiddenError

CSRF_HEADER = "x-csrf-token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_PATH = 2000
# One slash, then none and no backslash, which browsers read as one; no control characters.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class CrossSiteRequestError(ForbiddenError):
    pass


def local_path(wish: str) -> str:
    """Where to go after sign-in: a path of this service; `/` for everything else."""
    return wish if len(wish) <= _LONGEST_PATH and _LOCAL.fullmatch(wish) else "/"


def check_origin(request: Request, *, own: str) -> None:
    """Raises CrossSiteRequestError if a browser says that another site sent this."""
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin"):
        raise CrossSiteRequestError("this has to come from a page of this service")
    origin = request.headers.get("origin")
    # The browser's word on the site goes first: a form without a referrer has the origin `null`.
    if origin not in (None, own) and not (origin == "null" and site == "same-origin"):
        raise CrossSiteRequestError("this has to come from a page of this service")


def check_csrf(request: Request, *, own: str, token: str) -> None:
    """Of a request that changes something; raises CrossSiteRequestError."""
    if request.method in _SAFE:
        return
    check_origin(request, own=own)
    sent = request.headers.get(CSRF_HEADER, "").encode("latin-1")
    if not compare_digest(sent, token.encode()):
        raise CrossSiteRequestError("send the `csrf_token` of `/session` as `X-CSRF-Token`")

"""A provider for development, in this process: whoever gives a name is believed.

It answers to the same questions as an OpenID provider, so sign-in takes the same way.
"""

import time
from collections.abc import Sequence
from hmac import compare_digest
from urllib.parse import urlencode

from ...chassis.http import HttpSettings
from ...chassis.keys import LocalKeys
from .provider import Challenge, Grant, SignInRefusedError, Tokens
from .sealing import BrokenSealError, Sealer

PATH = "/login/development"
_CODE_SECONDS = 60
_TOKEN_SECONDS = 300


class DevelopmentProvider:
    def __init__(self, chassis: HttpSettings, sealer: Sealer, scopes: Sequence[str]) -> None:
        self._chassis, self._sealer = chassis, sealer
        self._scopes = tuple(scopes)
        self._keys = LocalKeys(chassis.dev_key_file)

    async def where(self, challenge: Challenge) -> str:
        return f"{PATH}?{urlencode({'state': challenge.state})}"

    def code(self, name: str, state: str) -> str:
        """What the page of the sign-in sends back: good for a minute, and for one sign-in."""
        return self._sealer.seal({"name": name, "state": state}, purpose="code").decode()

    async def exchange(self, answer: dict[str, str], challenge: Challenge) -> Grant:
        try:
            code = answer.get("code", "").encode()
            told = self._sealer.open(code, purpose="code", seconds=_CODE_SECONDS)
        except BrokenSealError:
            raise SignInRefusedError("the code is not one, or too old: sign in again") from None
        if not compare_digest(told["state"], challenge.state):
            raise SignInRefusedError("the code is of another sign-in")
        name: str = told["name"]
        return Grant(subject=name, tokens=self._signed(name))

    async def refresh(self, tokens: Tokens, *, subject: str) -> Tokens:  # noqa: ARG002
        return self._signed(subject)

    async def revoke(self, tokens: Tokens) -> None:
        """What is signed cannot be taken back; it is good for minutes."""

    async def farewell(self, tokens: Tokens) -> str:  # noqa: ARG002 - nobody to say it to
        return "/"

    def _signed(self, subject: str) -> Tokens:
        now = int(time.time())
        claims = {
            "iss": self._chassis.auth_issuer,
            "aud": self._chassis.audience,
            "sub": subject,
            "scope": " ".join(self._scopes),
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
        }
        return Tokens(
            access_token=self._keys.sign(claims),
            refresh_token="not-needed",  # noqa: S106 - none
            ends=now + _TOKEN_SECONDS,
            scopes=self._scopes,
            name=subject,
        )

"""ID tokens: what is not signed by the provider, for us, for this sign-in, signs nobody in."""

from typing import Any

import jwt
import pytest

from .conftest import Browser
from .openid import Key, OpenId

pytestmark = pytest.mark.anyio


@pytest.fixture
def where() -> dict[str, str]:
    """One store is as good as another here."""
    return {}


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "somebody-else"},
    "several audiences without a party": {"aud": ["the-client", "somebody-else"]},
    "another party": {"azp": "somebody-else"},
    "another issuer": {"iss": "https://evil.example.com"},
    "another nonce": {"nonce": "replayed"},
    "no nonce": {"nonce": None},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "over": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "without a subject": {"sub": None},
    "a subject that is none": {"sub": "a\nb"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
async def test_an_identity_that_is_not_right_is_refused(
    browser: Browser, openid: OpenId, changes: dict[str, Any]
) -> None:
    openid.changes = changes

    answer = await browser.signs_in()

    assert answer.status_code == 400
    assert browser.cookie is None


async def test_an_identity_by_another_hand_is_refused(browser: Browser, openid: OpenId) -> None:
    public = str(openid.key.public)
    forgers = [
        Key("one").sign,
        Key("two").sign,
        lambda claims: jwt.encode(claims, "", "none", {"kid": "one"}),
        lambda claims: jwt.encode(claims, public * 2, "HS256", {"kid": "one"}),
        lambda claims: openid.key.sign(claims, typ="at+jwt"),
        lambda _: "rubbish",
    ]
    for forge in forgers:
        openid.forge = forge

        answer = await browser.signs_in()

        assert answer.status_code == 400
        assert browser.cookie is None

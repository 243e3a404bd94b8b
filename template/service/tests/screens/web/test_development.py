"""Signing in for development: with any name, and never in production."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from ...conftest import PRODUCTION, Settings, Token, config, create_app
from .conftest import Browser

pytestmark = pytest.mark.anyio

PATH = "/login/development"


async def begun(client: httpx2.AsyncClient) -> str:
    sent = await client.get("/login")
    assert sent.headers["location"].startswith(PATH)
    return parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]


async def test_any_name_signs_in(anonymous: httpx2.AsyncClient) -> None:
    state = await begun(anonymous)
    page = await anonymous.get(PATH, params={"state": state})

    sent = await anonymous.post(PATH, data={"name": "bob", "state": state}, follow_redirects=True)

    session = await anonymous.get("/session")
    assert state in page.text
    assert (sent.status_code, session.json()["subject"]) == (200, "bob")
    assert (await anonymous.get("/screens/home")).status_code == 200


async def test_a_sign_in_begins_in_the_browser_that_it_ends_in(
    anonymous: httpx2.AsyncClient,
) -> None:
    state = await begun(anonymous)
    anonymous.cookies.clear()

    sent = await anonymous.post(PATH, data={"name": "bob", "state": state}, follow_redirects=True)

    assert sent.status_code == 400
    assert (await anonymous.get("/session")).status_code == 401


async def test_another_site_signs_nobody_in(anonymous: httpx2.AsyncClient) -> None:
    state = await begun(anonymous)

    sent = await anonymous.post(
        PATH, data={"name": "bob", "state": state}, headers={"sec-fetch-site": "cross-site"}
    )

    assert sent.status_code == 403


@pytest.mark.parametrize("name", ["", "a b", "<script>", "a\nb", "x" * 65])
async def test_a_name_is_a_name(anonymous: httpx2.AsyncClient, name: str) -> None:
    state = await begun(anonymous)

    sent = await anonymous.post(PATH, data={"name": name, "state": state})

    assert sent.status_code == 400


async def test_the_state_is_shown_as_text(anonymous: httpx2.AsyncClient) -> None:
    page = await anonymous.get(PATH, params={"state": '"><script>alert(1)</script>'})

    assert "<script>" not in page.text


async def test_with_a_provider_there_is_no_such_page(browser: Browser) -> None:
    assert (await browser.client.get(PATH)).status_code == 404
    assert (await browser.client.post(PATH, data={"name": "bob"})).status_code == 404


async def test_a_code_of_development_is_not_a_session(
    anonymous: httpx2.AsyncClient, token: Token
) -> None:
    state = await begun(anonymous)

    for code in (token(), "rubbish", ""):
        answer = await anonymous.get("/callback", params={"code": code, "state": state})
        assert answer.status_code == 400


def test_production_names_all_that_sign_in_needs() -> None:
    needed = ("public_url", "oidc_issuer", "oidc_client_id", "oidc_client_secret", "session_keys")
    given: dict[str, Any] = {
        name: value for name, value in PRODUCTION.items() if name not in needed
    }

    unsafe = Settings(_env_file=None, **given).unsafe()

    assert set(needed) <= set(unsafe)


def test_production_refuses_what_goes_in_the_clear() -> None:
    given: dict[str, Any] = PRODUCTION | {
        "public_url": "http://shop.example.com",
        "oidc_issuer": "http://id.example.com",
    }

    assert {"public_url", "oidc_issuer"} <= set(Settings(_env_file=None, **given).unsafe())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("session_keys", "too-short"),
        ("session_store_url", "postgresql://hunter3@db/x"),
        ("public_url", "https://shop.example.com/path"),
        ("oidc_issuer", "ldap.example.net"),
    ],
)
def test_a_setting_that_is_none_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(config.variable(Settings, name), value)

    with pytest.raises(config.BadConfigurationError) as refused:
        config.load(Settings)

    told = " ".join(refused.value.problems)
    assert config.variable(Settings, name) in told
    assert value not in told


def test_a_provider_needs_to_be_told_who_we_are(settings: Settings) -> None:
    found = settings.model_copy(update={"oidc_issuer": "https://id.example.com"}).faults()

    told = " ".join(found)
    for name in ("oidc_client_id", "public_url", "call_tokens"):
        assert config.variable(Settings, name) in told


def test_create_app_needs_no_provider_to_start(settings: Settings) -> None:
    """It is asked when somebody signs in."""
    known = settings.model_copy(
        update={
            "oidc_issuer": "http://127.0.0.1:9",
            "oidc_client_id": "x",
            "public_url": "http://shop.test",
            "call_tokens": "relay",
        }
    )

    assert create_app(known)

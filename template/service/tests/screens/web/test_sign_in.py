"""Signing in: only who the provider names, only in the browser that asked, only once."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet

from .conftest import HOME, KEY, SESSION, SHOP, Browser, Start, Web
from .openid import Key, OpenId

pytestmark = pytest.mark.anyio


@pytest.fixture
def where() -> dict[str, str]:
    """One store is as good as another here."""
    return {}


async def test_who_signs_in_gets_a_session_and_no_token(browser: Browser) -> None:
    before = await browser.sees()

    answer = await browser.signs_in("/there?and=back")

    [session] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(SESSION)]
    told = await browser.client.get("/session")
    assert (before, await browser.sees()) == (401, 200)
    assert (answer.status_code, answer.headers["location"]) == (303, "/there?and=back")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(session.split("; "))
    assert "domain" not in session.lower()
    assert told.json()["subject"] == "alice"
    assert told.headers["cache-control"] == "no-store"
    for said in (answer, told):
        assert not {"access-", "refresh-", "eyJ"} & {
            secret for secret in ("access-", "refresh-", "eyJ") if secret in said.text
        }


async def test_the_provider_is_asked_as_it_should_be(browser: Browser, openid: OpenId) -> None:
    await browser.signs_in()
    await browser.signs_in()

    first, second = openid.asked
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{SHOP}/callback"
    assert first["scope"].split()[:2] == ["openid", "profile"]
    for each in ("state", "nonce", "code_challenge"):
        assert len(first[each]) >= 43
        assert first[each] != second[each]


async def test_a_planted_session_is_not_the_one_that_is_signed_in(
    web: Web, browser: Browser
) -> None:
    browser.client.cookies.set(SESSION, "planted", domain="shop.example.com", path="/")

    await browser.signs_in()

    thief = await web.browser()
    thief.steals("planted")
    assert browser.cookie != "planted"
    assert await thief.sees() == 401


async def test_signing_in_again_ends_the_session_before(web: Web, browser: Browser) -> None:
    await browser.signs_in()
    before = browser.cookie

    await browser.signs_in()

    thief = await web.browser()
    thief.steals(before)
    assert before != browser.cookie
    assert (await thief.sees(), await browser.sees()) == (401, 200)


async def test_a_code_is_taken_for_its_own_sign_in_only(web: Web, openid: OpenId) -> None:
    """A thief who sees a code cannot use it in a sign-in of theirs: state, nonce and PKCE."""
    alice, thief = await web.browser(), await web.browser()
    stolen = await alice.comes_from_provider(await alice.goes_to_provider())
    own = await thief.comes_from_provider(await thief.goes_to_provider())
    code = parse_qs(urlsplit(stolen).query)["code"][0]
    state = parse_qs(urlsplit(own).query)["state"][0]

    mixed = await thief.client.get(
        "/callback", params={"code": code, "state": state, "iss": openid.url}
    )

    assert mixed.status_code == 400
    assert await thief.sees() == 401


async def test_nobody_is_signed_in_by_the_link_of_somebody_else(web: Web) -> None:
    thief, victim = await web.browser(), await web.browser()
    link = await thief.comes_from_provider(await thief.goes_to_provider())

    without = await victim.client.get(link)
    await victim.goes_to_provider()
    with_own = await victim.client.get(link)

    assert (without.status_code, with_own.status_code) == (400, 400)
    assert "another sign-in" in with_own.json()["detail"]
    assert victim.cookie is None


async def test_a_sign_in_is_answered_within_ten_minutes(browser: Browser) -> None:
    callback = await browser.comes_from_provider(await browser.goes_to_provider())
    [cookie] = [one for one in browser.client.cookies.jar if "sign-in" in one.name]
    seal = Fernet(KEY)
    old = seal.encrypt_at_time(seal.decrypt(str(cookie.value)), int(time.time()) - 601)
    browser.client.cookies.set(cookie.name, old.decode(), domain="shop.example.com", path="/")

    answer = await browser.client.get(callback)

    assert answer.status_code == 400
    assert "too long ago" in answer.json()["detail"]


async def test_the_answer_of_another_provider_is_refused(web: Web, openid: OpenId) -> None:
    """RFC 9207: the `iss` of the answer has to be that of the provider that was asked."""
    for told in ("https://evil.example.com", None):
        openid.more_metadata = {"authorization_response_iss_parameter_supported": True}
        web.app.state.provider.metadata._found = None  # asked anew
        browser = await web.browser()
        callback = await browser.comes_from_provider(await browser.goes_to_provider())
        query = parse_qs(urlsplit(callback).query)
        given = {name: value[0] for name, value in query.items() if name != "iss"}

        answer = await browser.client.get(
            "/callback", params=given | ({"iss": told} if told else {})
        )

        assert answer.status_code == 400
        assert browser.cookie is None


async def test_who_declines_is_told_so_on_a_page(browser: Browser) -> None:
    sent = await browser.goes_to_provider()
    state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
    told = {"error": "access_denied", "error_description": "<script>", "state": state}

    answer = await browser.client.get("/callback", params=told, headers={"accept": "text/html"})

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text
    assert "the provider did not let you in" in answer.text


async def test_without_the_provider_nobody_signs_in_and_sessions_go_on(
    start: Start, openid: OpenId
) -> None:
    early, late = await start(), await start()
    known = await early.browser()
    await known.signs_in()
    openid.down = True

    answer = await (await late.browser()).goes_to_provider()

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert await known.sees() == 200


async def test_people_are_told_on_a_page_that_the_provider_is_away(
    browser: Browser, openid: OpenId
) -> None:
    openid.down = True

    answer = await browser.client.get("/login", headers={"accept": "text/html"})

    assert (answer.status_code, answer.headers["content-type"][:9]) == (503, "text/html")
    assert "the provider does not answer just now" in answer.text


async def test_a_provider_that_is_away_is_not_asked_by_everybody(
    web: Web, browser: Browser, openid: OpenId
) -> None:
    openid.down = True
    await browser.goes_to_provider()
    openid.down = False

    at_once = await browser.goes_to_provider()
    web.app.state.provider.metadata._tried_at -= 5
    later = await browser.goes_to_provider()

    assert (at_once.status_code, later.status_code) == (503, 303)


async def test_metadata_of_another_issuer_are_not_believed(web: Web, openid: OpenId) -> None:
    openid.more_metadata = {"issuer": "https://evil.example.com"}

    answer = await (await web.browser()).goes_to_provider()

    assert answer.status_code == 503


async def test_a_new_key_of_the_provider_is_fetched(web: Web, openid: OpenId) -> None:
    await (await web.browser()).signs_in()
    openid.key = Key("two")
    _, _, keys = web.app.state.provider.metadata._found
    keys._tried_at -= 60

    answer = await (await web.browser()).signs_in()

    assert answer.status_code == 303


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "x-original-url", "forwarded"])
async def test_headers_do_not_move_the_callback(
    browser: Browser, openid: OpenId, name: str
) -> None:
    headers = {name: "evil.example.com", "x-forwarded-proto": "http"}

    sent = await browser.client.get("/login", headers=headers)

    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert sent.headers["location"].startswith(f"{openid.url}/authorize?")
    assert asked["redirect_uri"] == [f"{SHOP}/callback"]


async def test_a_bearer_token_opens_no_screen(browser: Browser, token: Any) -> None:
    assert await browser.sees(HOME, authorization=f"Bearer {token()}") == 401

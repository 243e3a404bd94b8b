"""Sessions: they end when they should, and nothing that is stored lets anybody in."""

import time
from typing import Any

import pytest
import redis.asyncio as aio
from sqlalchemy import select

from ...chassis.http.servers import Server
from .conftest import KEY, REDIS, SESSION, Browser, Start, Web, tables
from .openid import OpenId

pytestmark = pytest.mark.anyio


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def hand(web: Web) -> Hand:
    web.sessions._clock = hand = Hand()
    return hand


async def test_an_answer_is_taken_once_even_if_the_provider_would_take_it_twice(
    browser: Browser, openid: OpenId
) -> None:
    openid.reuses_codes = True
    sent = await browser.goes_to_provider()
    jar = dict(browser.client.cookies)
    callback = await browser.comes_from_provider(sent)
    first = await browser.client.get(callback)
    for name, value in jar.items():
        browser.client.cookies.set(name, value, domain="shop.example.com", path="/")

    second = await browser.client.get(callback)

    assert (first.status_code, second.status_code) == (303, 400)
    assert SESSION not in str(second.headers.get_list("set-cookie"))


async def test_a_stolen_cookie_is_worth_nothing_after_logout(web: Web, browser: Browser) -> None:
    await browser.signs_in()
    thief = await web.browser()
    thief.steals(browser.cookie)
    before = await thief.sees()

    gone = await browser.client.post("/logout")

    assert gone.status_code == 200
    assert (before, await thief.sees(), await browser.sees()) == (200, 401, 401)
    assert browser.cookie is None


async def test_signing_out_goes_on_to_the_provider(browser: Browser, openid: OpenId) -> None:
    await browser.signs_in()

    gone = (await browser.client.post("/logout")).json()["location"]

    assert gone.startswith(f"{openid.url}/end?id_token_hint=eyJ")
    assert "post_logout_redirect_uri=https%3A%2F%2Fshop.example.com%2F" in gone
    assert len(openid.revoked) == 1


async def test_signing_out_works_without_the_provider(browser: Browser, openid: OpenId) -> None:
    await browser.signs_in()
    openid.down = True

    gone = await browser.client.post("/logout")

    assert gone.status_code == 200
    assert await browser.sees() == 401


async def test_signing_out_everywhere_ends_all_sessions_of_one_person(
    web: Web, openid: OpenId
) -> None:
    here, there, other = [await web.browser() for _ in range(3)]
    await here.signs_in()
    await there.signs_in()
    openid.subject = "bob"
    await other.signs_in()

    await here.client.post("/logout/everywhere")

    assert [await each.sees() for each in (here, there, other)] == [401, 401, 200]


async def test_a_session_ends_when_it_is_not_used(browser: Browser, hand: Hand) -> None:
    await browser.signs_in()

    hand.ahead = 29 * 60
    used = await browser.sees("/session")
    hand.ahead = 58 * 60
    used_again = await browser.sees("/session")
    hand.ahead = 89 * 60

    assert (used, used_again, await browser.sees("/session")) == (200, 200, 401)


async def test_a_session_ends_in_any_case(browser: Browser, hand: Hand) -> None:
    await browser.signs_in()

    seen = []
    for _ in range(49):
        hand.ahead += 15 * 60
        seen.append(await browser.sees("/session"))

    assert seen == [200] * 47 + [401] * 2


async def test_what_is_stored_lets_nobody_in(
    web: Web, browser: Browser, where: dict[str, Any]
) -> None:
    await browser.signs_in()

    stored = await _stored(web, where)

    assert b"alice" in stored
    for secret in (str(browser.cookie), "access-", "refresh-", "eyJ", "nonce"):
        assert secret.encode() not in stored


async def _stored(web: Web, where: dict[str, Any]) -> bytes:
    """All that the store has."""
    if not where:
        rows = await web.app.state.database.rows(select(tables.SessionRow.__table__))
        return repr([tuple(row.values()) for row in rows]).encode()
    client: Any = aio.Redis.from_url(str(REDIS))
    found = [
        await client.hgetall(key)
        async for key in client.scan_iter("*:session:*")
        if not key.endswith(b"lease")
    ]
    await client.aclose()
    return repr(found).encode()


async def test_tokens_of_one_session_cannot_be_moved_to_another(web: Web, openid: OpenId) -> None:
    alice, bob = await web.browser(), await web.browser()
    await alice.signs_in()
    openid.subject = "bob"
    await bob.signs_in()
    of_alice = await web.sessions.find(alice.cookie)
    of_bob = await web.sessions.find(bob.cookie)

    moved = await web.sessions.store.replace(
        of_bob.record.id, version=1, tokens=of_alice.record.tokens
    )

    assert moved
    assert (await bob.sees(), await alice.sees()) == (401, 200)


async def test_keys_are_replaced_one_after_the_other(start: Start) -> None:
    new = "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldy0="
    browser = await (await start()).browser()
    await browser.signs_in()

    both, only_new = await start(session_keys=f"{new},{KEY}"), await start(session_keys=new)

    for web, status in ((both, 200), (only_new, 401)):
        other = await web.browser()
        other.steals(browser.cookie)
        assert await other.sees() == status


async def test_each_gets_what_is_theirs(web: Web, openid: OpenId, upstream: Server) -> None:
    """The token of the session goes on, whatever else the browser sends."""
    for name in ("alice", "bob"):
        openid.subject = name
        browser = await web.browser()
        await browser.signs_in()

        await browser.sees(authorization="Bearer of-the-browser", x_user="carol")

        sent = str(upstream.header("authorization"))
        assert sent.startswith(f"Bearer access-{name}-")
        assert "carol" not in upstream.heads[-1]
        assert "cookie" not in upstream.heads[-1].lower()


async def test_what_was_not_granted_is_not_allowed(browser: Browser, openid: OpenId) -> None:
    openid.scope = "openid profile"

    await browser.signs_in()

    assert (await browser.sees(), await browser.sees("/session")) == (403, 200)


async def test_the_provider_ends_a_session(web: Web, openid: OpenId) -> None:
    here, there = await web.browser(), await web.browser()
    await here.signs_in()
    openid.sid = "at-provider-2"
    await there.signs_in()

    told = await here.client.post(
        "/backchannel-logout", data={"logout_token": openid.logout_token()}
    )

    assert told.status_code == 200
    assert (await here.sees(), await there.sees()) == (200, 401)


async def test_the_provider_ends_all_sessions_of_somebody(web: Web, openid: OpenId) -> None:
    here, there = await web.browser(), await web.browser()
    await here.signs_in()
    await there.signs_in()

    token = openid.logout_token(sid=None)
    await here.client.post("/backchannel-logout", data={"logout_token": token})

    assert (await here.sees(), await there.sees()) == (401, 401)


async def test_nobody_else_ends_sessions(browser: Browser, openid: OpenId) -> None:
    await browser.signs_in()
    tokens = [
        openid.logout_token(aud="somebody-else"),
        openid.logout_token(iss="https://evil.example.com"),
        openid.logout_token(nonce="of-an-id-token"),
        openid.logout_token(events=None),
        openid.logout_token(events={}),
        openid.logout_token(iat=int(time.time()) - 3600),
        openid.logout_token(sid=None, sub=None),
        openid.logout_token(typ="at+jwt"),
        "rubbish",
        "",
    ]

    for token in tokens:
        told = await browser.client.post("/backchannel-logout", data={"logout_token": token})
        assert told.status_code == 400

    assert await browser.sees() == 200


async def test_what_is_over_is_forgotten(web: Web, browser: Browser, where: dict[str, Any]) -> None:
    if where:
        client: Any = aio.Redis.from_url(str(REDIS))
        await browser.signs_in()
        keys = [key async for key in client.scan_iter("*")]
        left = [await client.pttl(key) for key in keys]
        await client.aclose()
        assert left
        assert all(milliseconds > 0 for milliseconds in left)
        return
    await browser.signs_in()
    seen = (await web.sessions.find(browser.cookie)).record.seen_at

    await web.sessions.store.purge(idle_since=seen)
    kept = await browser.sees("/session")
    await web.sessions.store.purge(idle_since=seen.replace(year=seen.year + 1))

    assert (kept, await browser.sees("/session")) == (200, 401)


async def test_without_the_store_it_is_told(start: Start) -> None:
    web = await start(session_store_url="redis://127.0.0.1:9/0")
    browser = await web.browser()
    browser.steals("whatever")

    answer = await browser.client.get("/session")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (await browser.client.get("/readyz")).status_code == 503

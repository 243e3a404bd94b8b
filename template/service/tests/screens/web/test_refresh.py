"""Fresh tokens: one refresh at a time, in one process and over several."""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from ...chassis.http.servers import Server
from ...conftest import Live
from .conftest import HOME, Browser, Start, Web
from .openid import OpenId

pytestmark = pytest.mark.anyio


@pytest.fixture
def short(openid: OpenId) -> OpenId:
    """Its access tokens are over at once."""
    openid.expires_in = 0
    return openid


async def test_a_token_that_is_over_is_replaced_before_it_is_used(
    browser: Browser, short: OpenId, upstream: Server
) -> None:
    await browser.signs_in()

    seen = [await browser.sees() for _ in range(3)]

    tokens = {line for head in upstream.heads for line in head.split("\r\n") if "access-" in line}
    assert seen == [200, 200, 200]
    assert short.refreshes == 3
    assert len(tokens) == 3


async def test_many_requests_at_once_refresh_once(browser: Browser, short: OpenId) -> None:
    """Each refresh token is good for once: a second use would end the session."""
    await browser.signs_in()
    short.expires_in, short.hold = 3600, asyncio.Event()

    asking = [asyncio.create_task(browser.sees()) for _ in range(20)]
    await short.refreshing.wait()
    short.hold.set()
    seen = await asyncio.gather(*asking)

    assert set(seen) == {200}
    assert short.refreshes == 1


async def test_several_processes_refresh_once(
    web: Web, browser: Browser, short: OpenId, processes: Callable[[], Live]
) -> None:
    await browser.signs_in()
    short.expires_in = 3600
    lives = await asyncio.gather(*(asyncio.to_thread(processes) for _ in range(2)))
    name = web.app.state.web.session_cookie.removeprefix("__Host-")
    cookie = {"cookie": f"{name}={browser.cookie}"}

    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        asking = [client.get(live.url + HOME, headers=cookie) for live in lives * 10]
        answers = await asyncio.gather(*asking)

    assert {answer.status_code for answer in answers} == {200}
    assert short.refreshes == 1


async def test_a_refresh_counts_even_if_the_keys_cannot_be_had(
    web: Web, browser: Browser, short: OpenId
) -> None:
    """Its refresh token is used up: without the new one the session would be lost."""
    await browser.signs_in()
    _, _, keys = web.app.state.provider.metadata._found
    keys._fetched, keys._tried_at = False, float("inf")

    assert await browser.sees() == 200
    assert await browser.sees() == 200
    assert short.refreshes == 2


async def test_a_refused_refresh_ends_the_session(browser: Browser, short: OpenId) -> None:
    await browser.signs_in()
    short.refresh_tokens.clear()

    answer = await browser.client.get(HOME)

    assert (answer.status_code, answer.json()["title"]) == (401, "Not signed in")
    assert await browser.sees("/session") == 401


async def test_a_refresh_for_somebody_else_ends_the_session(
    browser: Browser, short: OpenId
) -> None:
    await browser.signs_in()
    short.changes = {"sub": "mallory"}

    assert await browser.sees() == 401
    assert await browser.sees("/session") == 401


async def test_while_the_provider_is_away_the_session_waits(
    browser: Browser, short: OpenId
) -> None:
    await browser.signs_in()

    short.down = True
    away = await browser.sees()
    short.down = False

    assert (away, await browser.sees()) == (503, 200)


async def test_a_token_that_is_still_good_does_without_the_provider(
    browser: Browser, openid: OpenId
) -> None:
    openid.expires_in = 25
    await browser.signs_in()

    openid.down = True

    assert await browser.sees() == 200


async def test_who_signs_out_during_a_refresh_stays_out(browser: Browser, short: OpenId) -> None:
    await browser.signs_in()
    short.expires_in, short.hold = 3600, asyncio.Event()
    before = set(short.refresh_tokens)

    asking = asyncio.create_task(browser.sees())
    await short.refreshing.wait()
    gone = await browser.client.post("/logout")
    short.hold.set()

    assert (gone.status_code, await asking) == (200, 401)
    assert len(set(short.revoked) - before) == 1


async def test_a_refresh_is_let_to_one_at_a_time(web: Web, browser: Browser) -> None:
    await browser.signs_in()
    record = (await web.sessions.find(browser.cookie)).record
    store = web.sessions.store

    async def leased(version: int) -> bool:
        return await store.lease(record.id, version=version, seconds=60)

    stale, first, second = await leased(0), await leased(1), await leased(1)
    await store.release(record.id, version=1)
    again = await leased(1)
    replaced = await store.replace(record.id, version=1, tokens=record.tokens)
    replaced_twice = await store.replace(record.id, version=1, tokens=record.tokens)

    assert (stale, first, second, again) == (False, True, False, True)
    assert (replaced, replaced_twice) == (True, False)
    assert (await leased(1), await leased(2)) == (False, True)


async def test_a_refresh_that_died_is_made_up_for(
    web: Web, browser: Browser, short: OpenId
) -> None:
    await browser.signs_in()
    session = await web.sessions.find(browser.cookie)

    taken = await web.sessions.store.lease(session.record.id, version=1, seconds=0.3)

    assert taken
    assert await browser.sees() == 200
    assert short.refreshes == 1


async def test_who_leaves_does_not_break_off_the_refresh(start: Start, short: OpenId) -> None:
    web = await start()
    browser = await web.browser()
    await browser.signs_in()
    short.expires_in, short.hold = 3600, asyncio.Event()

    leaving = asyncio.create_task(browser.sees())
    await short.refreshing.wait()
    [refreshing] = web.sessions.refresher.running.values()
    leaving.cancel()
    short.hold.set()
    await refreshing

    assert await browser.sees() == 200
    assert short.refreshes == 1

"""The web client kind in a real browser, at a real OpenID provider, before real orders."""

import asyncio
import http.server
import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.bff import openid
from tests.support.environment import Environment
from tests.support.processes import Boot, Running, booting
from tests.support.rendering import Generate
from tests.support.servers import unavailable

ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}
REDIS = os.environ.get("MSGEN_TEST_REDIS", "redis://127.0.0.1:6379/9")
KEY = "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMjEyMzQ="
SECONDS = 20
"""Of access tokens: so few that each request finds one that is to be refreshed."""

PARTS = ("ORDERS", "HISTORY", "CUSTOMER")

expect.set_options(timeout=30_000)


@dataclass
class Shop:
    """`first` and `second` share their sessions; `orders` takes tokens for development too."""

    first: Running
    second: Running
    orders: Running
    provider: openid.OpenIdProvider

    @property
    def session(self) -> str:
        return f"{self.first.service.command}-session"

    def place(self, subject: str) -> str:
        client = self.orders.client(self.orders.token(subject=subject))
        return str(client.post("/orders", json=ORDER).raise_for_status().json()["id"])

    def status_of(self, order: str, subject: str) -> str:
        client = self.orders.client(self.orders.token(subject=subject))
        return str(client.get(f"/orders/{order}").raise_for_status().json()["status"])


@pytest.fixture(scope="module")
def boots(everything: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boot]:
    with booting(everything, tmp_path_factory.mktemp("shop")) as boot:
        yield boot


@pytest.fixture(scope="module")
def development(boots: Boot, generate: Generate) -> Running:
    """As it comes: no provider, no upstreams."""
    service = generate("bff", name="shop")
    nobody = {f"{service.prefix}{part}_URL": "http://127.0.0.1:9" for part in PARTS}
    return boots(service, at=None, ready="/readyz", **nobody)


PARTS = ("ORDERS", "HISTORY", "CUSTOMER")


@pytest.fixture(scope="module")
def shop(
    boots: Boot, generate: Generate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    service, behind = generate("bff", name="shop"), generate(name="orders")
    place = boots(service)
    place.stop()  # its address is known, which the provider has to be told first
    with openid.running(
        tmp_path_factory.mktemp("provider"), shop=place.url, seconds=SECONDS
    ) as provider:
        developed = boots(behind)
        trusting = {
            "AUTH_JWKS_URL": f"{provider.issuer}/jwks",
            "AUTH_ISSUER": provider.issuer,
            "AUTH_AUDIENCE": "orders-service",
        }
        upstream = boots(
            behind,
            at=developed.service.path,
            **{f"{behind.prefix}{name}": value for name, value in trusting.items()},
        )
        settings = {
            "PUBLIC_URL": place.url,
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": "shop",
            "OIDC_CLIENT_SECRET": "hunter2-hunter2-hunter2",
            "OIDC_SCOPES": "openid,profile,offline_access,screens:read,screens:write,"
            "orders:read,orders:write,audit:read",
            "OIDC_PROMPT": "consent",
            "OIDC_RESOURCE": "urn:orders",
            "CALL_TOKENS": "relay",
            "SESSION_KEYS": KEY,
            "ORDERS_URL": upstream.url,
            "HISTORY_URL": upstream.url,
            "CUSTOMER_URL": "http://127.0.0.1:9",
        }
        variables = {f"{service.prefix}{name}": value for name, value in settings.items()}
        first = boots(service, at=place, **variables)
        second = boots(service, at=place.service.path, **variables)
        yield Shop(first, second, developed, provider)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        unavailable("no `chromium` is on the `PATH`")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser of its own: nothing is kept from other tests."""
    context = chromium.new_context(locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """It breaks no rule of its own content security policy."""
    page = context.new_page()
    page.set_default_timeout(30_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert not [text for text in said if "Content Security Policy" in text or "Error:" in text]


def sign_in(page: Page, shop: Shop, name: str) -> None:
    page.goto(shop.first.url)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#name")).to_have_text(name)


def cookie_of(context: BrowserContext, shop: Shop) -> str:
    [found] = [one["value"] for one in context.cookies() if one["name"] == shop.session]
    return found


def status(url: str, shop: Shop, cookie: str, path: str = "/session") -> int:
    headers = {"cookie": f"{shop.session}={cookie}"}
    return httpx2.get(url + path, headers=headers, timeout=30).status_code


def test_without_a_provider_a_name_is_enough(page: Page, development: Running) -> None:
    page.goto(development.url)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Name").fill("bob")
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator("#name")).to_have_text("bob")
    expect(page.get_by_role("status")).to_have_text("Away just now: orders, customer.")

    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_an_order_is_seen_and_cancelled(page: Page, shop: Shop) -> None:
    order = shop.place("carol")
    sign_in(page, shop, "carol")
    item = page.locator(f"li[data-id='{order}']")
    expect(item).to_have_text(re.compile("€9.00 · placed"))
    expect(page.get_by_role("status")).to_have_text("Away just now: customer.")

    item.get_by_role("button", name="Cancel").click()

    expect(item).to_have_text("€9.00 · cancelled")
    assert shop.status_of(order, "carol") == "cancelled"


def test_the_browser_has_no_token(page: Page, context: BrowserContext, shop: Shop) -> None:
    answers: list[str] = []
    own = urlsplit(shop.first.url).netloc
    page.on(
        "response",
        lambda answer: (
            answers.append(answer.url + str(answer.headers))
            if urlsplit(answer.url).netloc == own
            else None
        ),
    )
    sign_in(page, shop, "dora")

    [session] = [one for one in context.cookies() if one["name"] == shop.session]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert len(answers) > 4
    assert not [each for each in answers if "eyJ" in each]


def test_signing_out_ends_the_session_of_the_provider_too(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    sign_in(page, shop, "erin")
    stolen = cookie_of(context, shop)

    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Yes, sign me out").click()

    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.url.startswith(shop.first.url)
    assert [status(each.url, shop, stolen) for each in (shop.first, shop.second)] == [401, 401]
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()


def test_the_provider_tells_of_a_logout(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    sign_in(page, shop, "fay")
    other = cookie_of(context, shop)
    context.clear_cookies(name=shop.session)
    page.goto(shop.first.url)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#name")).to_have_text("fay")
    before = status(shop.first.url, shop, other)

    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()

    assert (before, status(shop.first.url, shop, other)) == (200, 401)


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Another site: the address of a page with this text."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Not on the terminal of the tests."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=tmp_path)  # type: ignore[arg-type]

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(text: str) -> str:
        (tmp_path / "index.html").write_text(text, encoding="utf-8")
        return f"http://localhost:{server.server_port}/"

    yield put
    server.shutdown()
    server.server_close()


ATTACKS = {
    "a form": '<form method="post" action="{url}"></form>'
    "<script>document.forms[0].submit()</script>",
    "fetch": "<script>fetch('{url}', {{method: 'POST', mode: 'no-cors', credentials: 'include',"
    " body: 'x'}})</script>",
    "fetch with the header": "<script>fetch('{url}', {{method: 'POST', credentials: 'include',"
    " headers: {{'x-csrf-token': 'x'}}}})</script>",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_another_page_cannot_sign_anybody_out(
    signed_in: Page, evil: Callable[[str], str], attack: str, host: str
) -> None:
    """Another port of the host is the same site: the cookie goes along with what it sends."""
    url = signed_in.url + "logout/everywhere"
    attacking = signed_in.context.new_page()
    tried: list[str] = []
    for event in ("requestfinished", "requestfailed"):
        attacking.on(event, lambda request: tried.append(request.url))

    attacking.goto(evil(attack.format(url=url)).replace("localhost", host))
    for _ in range(600):
        if url in tried:
            break
        attacking.wait_for_timeout(50)

    assert url in tried
    signed_in.reload()
    expect(signed_in.locator("#name")).to_have_text("alice")


@pytest.fixture
def signed_in(page: Page, development: Running) -> Page:
    """Alice, at the service for development."""
    page.goto(development.url)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#name")).to_have_text("alice")
    return page


def test_its_own_tests_pass_with_sessions_in_redis(
    everything: Environment, generate: Generate, tmp_path: Path
) -> None:
    if not _answers(REDIS):
        unavailable(f"no Redis answers at `{REDIS}`")
    own = generate("bff", name="shop").copy(tmp_path / "shop")

    tests = ("python", "-m", "pytest", "-q", "tests/screens/web", "-k", "redis")
    said = everything.passes(own, *tests, extra={f"{own.prefix}TEST_REDIS_URL": REDIS})

    assert " passed" in said
    assert "skipped" not in said


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((str(place.hostname), place.port or 6379), timeout=2).close()
    except OSError:
        return False
    return True


def test_requests_at_once_at_two_processes_do_not_use_up_the_session(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    """The provider takes each refresh token once, and ends everything at a second use."""
    sign_in(page, shop, "gus")
    headers = {"cookie": f"{shop.session}={cookie_of(context, shop)}"}
    before = shop.provider.happened("grant.success", grant="refresh_token")

    async def ask() -> list[int]:
        async with httpx2.AsyncClient(timeout=60, headers=headers) as client:
            urls = [f"{each.url}/screens/home" for each in (shop.first, shop.second)] * 15
            answers = await asyncio.gather(*(client.get(url) for url in urls))
            return [answer.status_code for answer in answers]

    # The browser's own loop runs in this thread.
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.extend(asyncio.run(ask())))
    thread.start()
    thread.join()

    refreshed = shop.provider.happened("grant.success", grant="refresh_token") - before
    assert set(seen) == {200}
    assert len(seen) == 30
    assert 0 < refreshed < 30
    assert shop.provider.happened("grant.error") == 0
    page.reload()
    expect(page.locator("#name")).to_have_text("gus")

"""Other sites: they can neither make the browser change anything nor read anything."""

import re
from typing import Any

import pytest

from .conftest import SHOP, Browser, Web, guards, pages

pytestmark = pytest.mark.anyio

EVIL = "https://evil.example.com"
FOREIGN: dict[str, dict[str, str]] = {
    "another origin": {"origin": EVIL},
    "a hidden origin": {"origin": "null"},
    "the same host without TLS": {"origin": "http://shop.example.com"},
    "another port": {"origin": f"{SHOP}:8443"},
    "another site": {"sec-fetch-site": "cross-site", "origin": SHOP},
    "another host of the site": {"sec-fetch-site": "same-site"},
    "nobody's site": {"sec-fetch-site": "none"},
}


@pytest.fixture
def where() -> dict[str, str]:
    """One store is as good as another here."""
    return {}


@pytest.fixture
async def alice(browser: Browser) -> Browser:
    await browser.signs_in()
    return browser


async def test_a_change_needs_the_token_of_the_session(web: Web, alice: Browser) -> None:
    other = await web.browser()
    await other.signs_in()
    own = alice.client.headers.pop("x-csrf-token")

    sent = [{}, {"x-csrf-token": ""}, {"x-csrf-token": other.client.headers["x-csrf-token"]}]
    refused = [await alice.client.post("/logout", headers=headers) for headers in sent]
    done = await alice.client.post("/logout", headers={"x-csrf-token": own, "origin": SHOP})

    assert [each.status_code for each in refused] == [403, 403, 403]
    assert done.status_code == 200


@pytest.mark.parametrize("path", ["/logout", "/screens/orders/{}/cancel"])
@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
async def test_a_change_comes_from_the_own_origin(
    alice: Browser, path: str, headers: dict[str, str]
) -> None:
    """Even where the token is right."""
    where = path.format("00000000-0000-7000-8000-000000000001")

    answer = await alice.client.post(where, headers=headers)

    assert answer.status_code == 403
    assert answer.json()["title"] == "Cross site request"
    assert await alice.sees() == 200


async def test_a_form_of_another_site_changes_nothing(alice: Browser) -> None:
    del alice.client.headers["x-csrf-token"]

    answer = await alice.client.post(
        "/logout", data={"x-csrf-token": "in-the-body"}, headers={"origin": EVIL}
    )

    assert answer.status_code == 403


async def test_no_other_origin_may_read(alice: Browser) -> None:
    read = await alice.client.get("/session", headers={"origin": EVIL})
    asked = await alice.client.options(
        "/logout",
        headers={
            "origin": EVIL,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-csrf-token",
        },
    )

    for answer in (read, asked):
        assert not [name for name in answer.headers if name.startswith("access-control-allow")]
    assert read.headers["cross-origin-resource-policy"] == "same-origin"


async def test_nothing_of_a_session_is_kept_by_caches(alice: Browser) -> None:
    for path in ("/session", "/screens/home", "/login", "/callback"):
        answer = await alice.client.get(path)
        assert answer.headers["cache-control"] == "no-store"


async def test_the_page_has_no_script_of_its_own(browser: Browser) -> None:
    answer = await browser.client.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for file in pages.FOLDER.glob("*.html"):
        html = file.read_text()
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|javascript:", html)


@pytest.mark.parametrize(
    "path", ["/page/index.html", "/page/..%2Froutes.py", "/page/../routes.py", "/page/nothing.js"]
)
async def test_only_the_files_of_the_page_are_served(browser: Browser, path: str) -> None:
    assert (await browser.client.get(path)).status_code == 404


@pytest.mark.parametrize(("name", "kind"), [("page.js", "javascript"), ("page.css", "css")])
async def test_the_files_of_the_page_are_there(browser: Browser, name: str, kind: Any) -> None:
    answer = await browser.client.get(f"/page/{name}")

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
        200,
        f"text/{kind}",
    )


OUTSIDE = [
    "https://evil.example.com/",
    "//evil.example.com",
    "///evil.example.com",
    "/\\evil.example.com",
    "\\\\evil.example.com",
    "/\t/evil.example.com",
    "/\n/evil.example.com",
    "/%0d%0aset-cookie:x\r\nset-cookie: y",
    "javascript:alert(1)",
    "evil.example.com",
    "/path\\..\\evil",
    "/ü",
    "",
    "/" + "a" * 2000,
]


@pytest.mark.parametrize("wish", OUTSIDE)
async def test_signing_in_leads_nowhere_else(browser: Browser, wish: str) -> None:
    answer = await browser.signs_in(wish)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("wish", ["/", "/a/b?c=d&e=%2F%2F", "/a//b", "/@evil.example.com"])
def test_a_path_of_the_service_is_kept(wish: str) -> None:
    assert guards.local_path(wish) == wish

"""What comes from outside to do harm."""

import time

import httpx2
import pytest

from ..conftest import Live
from .conftest import Gateway, bearer_of
from .raw import exchange, statuses
from .upstream import Upstream

GET = b"GET /open/probe HTTP/1.1\r\nhost: a\r\n"
POST = b"POST /open/probe HTTP/1.1\r\nhost: a\r\n"
HIDDEN = b"GET /open/hidden HTTP/1.1\r\nhost: a\r\n\r\n"
SMUGGLING = {
    "both lengths": POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, turned": POST + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"content-length: 0\r\ncontent-length: 40\r\n\r\n",
    "list of lengths": POST + b"content-length: 0, 40\r\n\r\n",
    "signed length": POST + b"content-length: +0\r\n\r\n",
    "hex length": POST + b"content-length: 0x28\r\n\r\n",
    "two codings": POST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "odd coding": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding with tab": POST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "coding twice": POST + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "space before colon": POST + b"content-length : 40\r\n\r\n",
    "bad chunk": POST + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "signed chunk": POST + b"transfer-encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
    "huge chunk": POST + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\nabc\r\n",
    "chunk too long": POST + b"transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "old version": POST.replace(b"1.1", b"1.0") + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded header": GET + b"x-a: b\r\n transfer-encoding: chunked\r\n\r\n",
    "null in a header": GET + b"x-a: b\x00c\r\n\r\n",
    "no colon": GET + b"hello\r\n\r\n",
    "two hosts": GET + b"host: b\r\n\r\n",
    "no host": b"GET /open/probe HTTP/1.1\r\n\r\n",
    "host with a path": b"GET /open/probe HTTP/1.1\r\nhost: a/b\r\n\r\n",
    "host with a user": b"GET /open/probe HTTP/1.1\r\nhost: u@a\r\n\r\n",
    "large head": GET + b"x-a: " + b"a" * 100_000 + b"\r\n\r\n",
}
PATHS = [
    "/open/../metrics", "/open/%2e%2e/metrics", "/open/.%2E/x", "/open/./x", "/open/a%2fb",
    "/open/a%5cb", "/open/a\\b", "//open/x", "/open//x", "/open/x;a=b", "/open/x%3ba", "/open/%00",
    "/open/%c0%ae%c0%ae/x", "/open/%252e%252e/x", "/open/%252fx", "/open/%ef%bc%8e%ef%bc%8e/x",
    "/open/a%ef%bc%8fb", "/open/%0d%0ax", "/open/%e2%80%ae", "/open/%zz",
]  # fmt: skip
IDENTITY = {
    "X-User-Id": "root", "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6",
    "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "https", "X-Auth-User": "root", "X_User": "r",
    "X-Tenant-Id": "t", "Remote-User": "root", "X-Original-URL": "/admin", "X-Rewrite-URL": "/a",
    "X-Forwarded-User": "root", "X-Client-Cert": "c", "X-Scopes": "all", "X-Internal-Token": "t",
}  # fmt: skip


@pytest.mark.parametrize("kind", SMUGGLING)
def test_a_request_of_two_meanings_is_refused_and_nothing_hides_behind_it(
    kind: str, gateway: Live, upstream: Upstream
) -> None:
    upstream.asked.clear()

    received = exchange(gateway.url, SMUGGLING[kind] + HIDDEN)

    assert statuses(received) in ([400], [431]), received[:300]
    assert upstream.asked["hidden"] == 0


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_two_meanings_is_refused(path: str, gateway: Live, upstream: Upstream) -> None:
    before = upstream.asked.total()

    received = exchange(gateway.url, f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode("latin-1"))

    assert statuses(received)[:1] in ([400], [404]), received[:300]
    assert upstream.asked.total() == before


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/open/x", "//127.0.0.1:1/open/x", "*"])
def test_a_target_elsewhere_is_not_fetched(target: str, gateway: Live) -> None:
    received = exchange(gateway.url, f"GET {target} HTTP/1.1\r\nhost: a\r\n\r\n".encode())

    told = received.partition(b"\r\n\r\n")[2]
    assert statuses(received)[0] in (400, 404) or b'"path": "/x"' in told, received[:300]


def test_nobody_says_who_he_is_by_a_header(gateway: Live) -> None:
    answer = httpx2.get(f"{gateway.url}/open/x", headers=IDENTITY)

    told = dict(answer.json()["headers"])
    ours = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded"}
    assert not told.keys() & ({name.lower() for name in IDENTITY} - ours)
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] == "http"
    assert told["x-forwarded-host"] == gateway.url.removeprefix("http://")
    assert "6.6.6.6" not in str(told)


def test_headers_of_one_hop_stay_on_it(gateway: Live) -> None:
    sent = {"Connection": "keep-alive, X-Hop, Content-Length", "X-Hop": "1", "TE": "trailers"}
    answer = httpx2.post(f"{gateway.url}/open/x", content=b"tea", headers=sent)

    told = dict(answer.json()["headers"])
    assert not told.keys() & {"x-hop", "te", "keep-alive", "upgrade"}
    assert answer.json()["size"] == 3


def test_a_trusted_proxy_is_believed_up_to_the_first_stranger(start: Gateway) -> None:
    behind = start(trusted_proxies="127.0.0.0/8,10.0.0.0/8")
    hops = {"X-Forwarded-For": "6.6.6.6, 9.9.9.9, 10.0.0.1", "X-Forwarded-Proto": "https"}

    answer = httpx2.get(f"{behind.url}/open/x", headers=hops)

    told = dict(answer.json()["headers"])
    assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == ("9.9.9.9", "https")


def test_a_token_and_its_scopes_are_asked_for(gateway: Live, bearer: dict[str, str]) -> None:
    reader = bearer_of(gateway, scope="good:read")

    answers = [
        httpx2.get(f"{gateway.url}/good/x"),
        httpx2.get(f"{gateway.url}/good/x", headers={"authorization": "Bearer forged.to.ken"}),
        httpx2.post(f"{gateway.url}/good/x", headers=reader),
        httpx2.get(f"{gateway.url}/good/x", headers=reader),
        httpx2.post(f"{gateway.url}/good/x", headers=bearer),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 403, 200, 200]


@pytest.mark.parametrize(("audience", "status"), [("", 200), ("another-service", 401)])
def test_a_token_of_another_audience_is_refused(gateway: Live, audience: str, status: int) -> None:
    given = bearer_of(gateway, audience=audience)

    answer = httpx2.get(f"{gateway.url}/anyone/x", headers=given)

    assert answer.status_code == status


def test_a_refusal_ends_the_connection_of_a_body_that_nobody_reads(gateway: Live) -> None:
    began = time.monotonic()
    sent = b"POST /good/x HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\n" + b"x" * 100

    received = exchange(gateway.url, sent)

    assert statuses(received) == [401]
    assert b"connection: close" in received.lower()
    assert time.monotonic() - began < 3


def test_browsers_of_other_origins_may_call_where_they_are_allowed(start: Gateway) -> None:
    home = "https://app.example.com"
    gateway = start(cors_origins=home)
    asked = {"origin": home, "access-control-request-method": "POST"}
    address = f"{gateway.url}/good/x"

    allowed = httpx2.options(address, headers=asked)
    stranger = httpx2.options(address, headers={**asked, "origin": "https://evil.example.com"})
    answers = [
        httpx2.get(f"{gateway.url}/open/x", headers={"origin": home}),
        httpx2.get(address, headers={"origin": home}),
        httpx2.post(f"{gateway.url}/small/x", content=b"x" * 5000, headers={"origin": home}),
    ]
    strange = httpx2.get(f"{gateway.url}/open/x", headers={"origin": "https://evil.example.com"})

    assert (allowed.status_code, stranger.status_code) == (200, 400)
    assert allowed.headers["access-control-allow-origin"] == home
    assert "access-control-allow-origin" not in stranger.headers
    assert [answer.status_code for answer in answers] == [200, 401, 413]
    assert {answer.headers.get("access-control-allow-origin") for answer in answers} == {home}
    assert "access-control-allow-origin" not in strange.headers

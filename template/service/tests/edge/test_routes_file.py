"""What is wrong with the routes is told at once: where, and what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import PACKAGE, PREFIX
from .conftest import reading, slice_settings

GOOD = """\
upstreams:
  shop: {address: "${SHOP:-http://127.0.0.1:8001}"}
routes:
  - {name: shop, prefix: /shop, upstream: shop, scopes: []}
"""
WRONG = """\
upstreams:
  shop:
    adress: http://127.0.0.1:8001
    limits: {concurrency: none}
  "No Name": {address: http://127.0.0.1:8001}
  user: {address: http://me:secret@127.0.0.1:8001}
routes:
  - name: first
    prefix: /shop
    path: /shop
    upstream: shopp
    public: true
    scopes: [a]
    rates: [{limit: fast}, {limit: 5/minute, by: [caller]}]
  - name: first
    prefix: /metrics
    upstream: shop
  - name: third
    prefix: /a/{id}
    upstream: [{name: shop, weight: 0}]
    public: true
  - name: fourth
    path: /b
    rewrite: /c
    methods: [POST, FETCH]
    upstream: shop
    public: true
    headers: {response: {set: {"bad name": x}}}
  - {name: fifth, prefix: /d, methods: [POST], retries: 2, cache: true, scopes: [], upstream: shop}
  - {name: sixth, prefix: /d, methods: [POST], public: true, upstream: shop}
  - {name: six, name: seventh, prefix: /e, public: true, upstream: shop}
rules: []
"""
TOLD = [
    (3, "`upstreams.shop.adress` is not known here: did you mean `address`?"),
    (2, "`upstreams.shop.address` is missing: add it"),
    (4, "`upstreams.shop.limits.concurrency` is not usable"),
    (5, "`upstreams.No Name` is no name"),
    (6, "`upstreams.user.address` is not usable: an address has no user"),
    (8, "`routes[0]` needs either `prefix` or `path`"),
    (11, "names `shopp`, which is no upstream: did you mean `shop`?"),
    (13, "`routes[0].scopes` asks for scopes on a public route"),
    (14, "`routes[0].rates[0].limit` is not usable: write a rate such as `100/minute`"),
    (15, "`routes[1].name` is the name of `routes[0]` too"),
    (16, "`routes[1].prefix` takes `/metrics` from the gateway itself"),
    (15, "`routes[1]` lets nobody in: say `scopes`, or `public: true`"),
    (19, "`routes[2].prefix` is not usable: a prefix has no `{name}`"),
    (25, "`routes[3].methods[1]` is not usable"),
    (28, "`routes[3].headers.response.set.bad name"),
    (29, "`routes[4].retries` would do nothing: POST may not be sent twice"),
    (29, "`routes[4].cache` would do nothing: only answers to GET are kept"),
    (30, "`routes[5]` matches the same requests as `routes[4]`"),
    (31, "`name` stands here twice: keep one"),
    (32, "`rules` is not known here"),
]


def problems(text: str) -> list[str]:
    with pytest.raises(reading.RoutesError) as error:
        reading.parse(text, name="routes.yml", variables={})
    return error.value.problems


@pytest.mark.parametrize(("line", "sentence"), TOLD)
def test_every_mistake_is_told_with_its_line(line: int, sentence: str) -> None:
    found = problems(WRONG)

    assert any(each.startswith(f"routes.yml:{line}: ") and sentence in each for each in found), (
        "\n".join(found)
    )
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "begins with `upstreams:` and `routes:`"),
        ("- a", "begins with `upstreams:` and `routes:`"),
        ("upstreams: {}\nroutes: []", "`routes` is missing or empty"),
        ("upstreams: [a]\nroutes: b", "`upstreams` is missing or empty"),
        ("a: [", "routes.yml:1: this is no YAML"),
        ("a: *b", "this is no YAML"),
        ("upstreams: {a: 5}\nroutes: [5, {}]", "`routes[0]` is not usable"),
    ],
)
def test_what_is_no_routes_file_is_told_as_such(text: str, sentence: str) -> None:
    assert sentence in "\n".join(problems(text))


def test_a_variable_fills_an_address() -> None:
    plain = reading.parse(GOOD, name="routes.yml", variables={})
    filled = reading.parse(GOOD, name="routes.yml", variables={"SHOP": "http://shop:80"})

    assert plain.upstreams["shop"].address == "http://127.0.0.1:8001"
    assert filled.upstreams["shop"].address == "http://shop:80"


def test_the_routes_that_come_with_the_service_have_no_mistake() -> None:
    document = reading.read(slice_settings.OWN_ROUTES, prefix=PREFIX)

    assert document.routes


def test_a_service_with_wrong_routes_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "routes.yml").write_text(WRONG)

    ran = subprocess.run(
        [sys.executable, "-m", PACKAGE, "serve"],
        env={f"{PREFIX}ROUTES_FILE": "routes.yml", f"{PREFIX}REQUESTS_AT_ONCE": "none"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ran.returncode == 78
    assert ran.stderr.count("routes.yml:") >= len(TOLD)
    assert f"{PREFIX}REQUESTS_AT_ONCE" in ran.stderr

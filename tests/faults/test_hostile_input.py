"""Input that nobody should send: refused in one shape, never echoed, never logged."""

import json
from collections.abc import Iterator

import pytest

from .service import LINE, MARK, ORDER, Answer, Client, Service

ID = "01a20495-12c8-77af-bb79-541dd104f586"
UNKNOWN = f"/orders/{ID}"


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


def with_line(**changed: object) -> bytes:
    return json.dumps({**ORDER, "lines": [{**LINE, **changed}]}).encode()


def raw_line(quantity: str) -> bytes:
    line = f'{{"sku":"TEA-1","unit_price":450,"quantity":{quantity}}}'
    return f'{{"currency":"EUR","lines":[{line}]}}'.encode()


def with_note(note: str) -> bytes:
    return json.dumps({**ORDER, "note": note}).encode()


BODIES = {
    "nothing": b"",
    "no JSON": f"{{{MARK}".encode(),
    "cut off": f'{{"currency": "EUR", "note": "{MARK}'.encode(),
    "not an object": f'["{MARK}"]'.encode(),
    "a string": f'"{MARK}"'.encode(),
    "null": b"null",
    "trailing garbage": json.dumps(ORDER).encode() + MARK.encode(),
    "UTF-16": json.dumps({**ORDER, "x": MARK}).encode("utf-16"),
    "broken UTF-8": b'{"currency": "\xff\xfe' + MARK.encode() + b'"}',
    "overlong UTF-8": b'{"currency": "\xc0\xaf' + MARK.encode() + b'"}',
    "raw NUL": b'{"currency": "E\x00' + MARK.encode() + b'"}',
    "lists 100,000 deep": nested(100_000, "[", "]"),
    "objects 60,000 deep": nested(60_000, '{"a":', "}"),
    "deep inside a field": b'{"currency":"EUR","lines":' + nested(5000, "[", "]") + b"}",
    "unknown field": json.dumps({**ORDER, "colour": MARK}).encode(),
    "unknown nested field": with_line(colour=MARK),
    "hostile field name": json.dumps({**ORDER, f"{MARK}\n\x1b[31m\ud800": 1}).encode(),
    "wrong type": json.dumps({**ORDER, "currency": [MARK]}).encode(),
    "bad sku": with_line(sku=f"{MARK}\n"),
    "trailing newline": with_line(sku="TEA-1\n"),
    "string for a number": with_line(quantity=f"{MARK}"),
    "boolean for a number": with_line(quantity=True),
    "float for a number": with_line(quantity=1.0),
    "NaN": raw_line("NaN"),
    "Infinity": raw_line("-Infinity"),
    "1e999": raw_line("1e999"),
    "64 digits": raw_line("9" * 64),
    "5,000 digits": raw_line("9" * 5000),
    "500,000 digits": raw_line("9" * 500_000),
    "negative": raw_line("-1"),
    "too many lines": json.dumps({**ORDER, "lines": [LINE] * 101}).encode(),
    "no lines": json.dumps({**ORDER, "lines": []}).encode(),
    "over-long note": with_note(MARK * 1000),
    "NUL in a note": with_note(f"{MARK}\x00"),
    "control character in a note": with_note(f"{MARK}\x1b[2J"),
    "lone surrogate": b'{"currency":"EUR","lines":['
    + json.dumps(LINE).encode()
    + b'],"note":"'
    + MARK.encode()
    + b'\\ud800"}',
    "lone low surrogate in a key": b'{"\\udc00' + MARK.encode() + b'": 1}',
    "a field twice": json.dumps(ORDER).encode()[:-1] + b',"currency":"' + MARK.encode() + b'"}',
    "a nested field twice": raw_line(f'1,"quantity":"{MARK}"'),
    "prototype pollution": json.dumps({**ORDER, "__proto__": {MARK: 1}}).encode(),
}


def refused(answer: Answer, *statuses: int) -> None:
    assert answer.status in (statuses or (400, 413, 422)), (answer.status, answer.body[:300])
    assert answer.is_problem
    assert MARK.encode() not in answer.body.lower()
    assert MARK not in str(answer.headers).lower()
    assert len(answer.body) < 4096


@pytest.fixture(scope="module")
def client(live: Service) -> Iterator[Client]:
    client = live.client()
    yield client
    client.close()


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_is_refused(client: Client, body: bytes) -> None:
    refused(client.post("/orders", body))
    refused(
        client.request(
            "PATCH", UNKNOWN, body=body, headers={"content-type": "application/json"}
        ),
        400,
        413,
        422,
        404,
    )


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        f"application/{MARK}",
        "application/x-www-form-urlencoded",
        "json",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        f"{MARK}\xff",
    ],
)
def test_a_body_of_another_type_is_415(client: Client, media_type: str) -> None:
    headers = {"content-type": media_type} if media_type else {}
    body = json.dumps(ORDER).encode()
    answer = client.request("POST", "/orders", body=body, headers=headers)

    refused(answer, 415, 400)


@pytest.mark.parametrize(
    "path",
    [
        f"/orders/{MARK}",
        f"/orders/%00{MARK}",
        f"/orders/%ff%fe{MARK}",
        f"/orders/%ed%a0%80{MARK}",
        f"/orders/{MARK * 500}",
        f"/orders/%2e%2e%2f{MARK}",
        f"/orders/{ID}{MARK}",
        "/orders/" + "9" * 4000,
        f"/orders/%0d%0aset-cookie:{MARK}",
        f"/{MARK}",
        f"//{MARK}",
        f"/orders/../{MARK}",
        f"/docs/../{MARK}",
        f"/static-offline-docs/%2e%2e/%2e%2e/{MARK}",
        f"/%F0%9F%92%A9{MARK}",
        f"/orders//{MARK}",
        f"/ORDERS/{MARK}",
        f"/orders;{MARK}",
    ],
)
def test_a_path_is_refused(client: Client, path: str) -> None:
    refused(client.get(path), 404, 422)
    refused(client.request("DELETE", path), 404, 405, 422)


@pytest.mark.parametrize(
    "query",
    [
        *(
            f"limit={value}"
            for value in (0, -1, 101, "9" * 5000, "NaN", "1e2", "%00", MARK, "", "1.5")
        ),
        *(f"{name}={MARK}" for name in ("status", "sort", "cursor")),
        *(f"{name}=%00" for name in ("status", "sort", "cursor")),
        *(f"{name}=%ed%a0%80{MARK}" for name in ("status", "sort", "cursor")),
        f"cursor={'A' * 4000}",
        f"status={'placed' * 4000}",
        f"limit={MARK}&" * 500,
        f"limit=5&limit={MARK}",
        f"cursor=%F0%9F%92%A9{MARK}",
    ],
)
def test_a_query_is_refused(client: Client, query: str) -> None:
    refused(client.get(f"/orders?{query}"), 422)


def cursor(*values: object) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


WHEN, WHO = "2026-01-01T00:00:00+00:00", ID


@pytest.mark.parametrize(
    "forged",
    [
        cursor(),
        cursor("-placed_at"),
        cursor("-placed_at", WHEN),
        cursor("-placed_at", WHEN, 5),
        cursor("-placed_at", WHEN, None),
        cursor("-placed_at", WHEN, [MARK]),
        cursor("-placed_at", WHEN, MARK),
        cursor("-placed_at", WHEN, WHO, MARK),
        cursor("-placed_at", MARK, WHO),
        cursor("-placed_at", 5, WHO),
        cursor("-placed_at", None, WHO),
        cursor("-placed_at", {"a": MARK}, WHO),
        cursor("-placed_at", "2026-01-01T00:00:00", WHO),
        cursor("-placed_at", "0001-01-01T00:00:00+23:59", WHO),
        cursor("-placed_at", "9999-12-31T23:59:59-23:59", WHO),
        cursor("-placed_at", 10**30, WHO),
        cursor("total", WHEN, WHO),
        cursor({"a": 1}, WHEN, WHO),
        cursor("-placed_at' OR 1=1 --", WHEN, WHO),
        "W10",
        "bnVsbA",
        "e30",
        "IiI",
        "%F0%9F%92%A9",
        "A",
        "====",
        "-_-_",
        "\x7f",
        "%",
    ],
)
def test_a_forged_cursor_is_422(client: Client, forged: str) -> None:
    refused(client.get("/orders?cursor=" + forged.replace("\x7f", "%7f")), 422)


@pytest.mark.parametrize("sort", ["total", "-total"])
@pytest.mark.parametrize(
    "total", [1.5, True, "5", None, 2**63, -(2**63) - 1, 10**400, [1], float("nan")]
)
def test_a_cursor_with_a_forged_number_is_422(client: Client, sort: str, total: object) -> None:
    refused(client.get(f"/orders?sort={sort}&cursor={cursor(sort, total, WHO)}"), 422)


def test_a_cursor_for_the_audit_log_is_checked_too(live: Service) -> None:
    client = live.client(live.token(scope="audit:read"))

    for forged in (
        MARK,
        cursor("-at", WHEN, 5),
        cursor("-at", "0001-01-01T00:00:00+23:59", WHO),
    ):
        refused(client.get(f"/audit?cursor={forged}"), 422)
    refused(client.get(f"/audit?limit=101&entity={MARK}!&entity_id=%00"), 422)


def test_a_page_never_holds_more_than_its_limit(client: Client) -> None:
    for _ in range(3):
        assert client.place().status == 201

    page = client.get("/orders?limit=2").json()

    assert len(page["items"]) == 2
    assert len(client.get("/orders?limit=100").json()["items"]) <= 100


@pytest.mark.parametrize(
    "etag",
    [
        "",
        MARK,
        "1",
        '"x"',
        '"-1"',
        '"1.0"',
        'W/"1"',
        '"2", "3"',
        '"' + "9" * 4000 + '"',
        '"\xb2"',
        '"1"x',
    ],
)
def test_an_if_match_that_is_no_version_is_412(client: Client, etag: str) -> None:
    order = client.place().json()["id"]

    refused(client.request("DELETE", f"/orders/{order}", headers={"if-match": etag}), 412)


@pytest.mark.parametrize("key", [MARK * 100, "\xe9" + MARK, f"{MARK} x", "\t", ""])
def test_a_malformed_idempotency_key_is_422(client: Client, key: str) -> None:
    refused(client.place(idempotency_key=key), 422)


def test_hostile_request_ids_are_replaced(client: Client) -> None:
    for hostile in (MARK * 50, f"{MARK}\xe9", f"{MARK} x", f'{MARK}"', ""):
        answer = client.get("/orders", x_request_id=hostile, traceparent=f"00-{MARK}")
        assert MARK not in answer.headers["x-request-id"]
        assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/", 404),
        ("GET", "/orders/", 404),
        ("PUT", "/orders", 405),
        ("POST", UNKNOWN, 405),
        ("DELETE", "/livez", 405),
        ("POST", "/readyz", 405),
        ("TRACE", "/orders", 405),
        ("PROPFIND", "/orders", 405),
        ("GET", UNKNOWN, 404),
        ("GET", f"{UNKNOWN}/cancel", 405),
    ],
)
def test_what_is_not_there_has_the_same_shape(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)

    refused(answer, status)
    assert (status == 405) == ("allow" in answer.headers)


def test_absurd_queries_and_many_headers_are_survived(client: Client) -> None:
    many = {f"x-{number}": "v" * 50 for number in range(90)}

    assert (
        client.request("GET", "/orders?" + "&".join("a=b" for _ in range(3000))).status == 200
    )
    assert client.request("GET", "/orders?" + "&" * 5000).status == 200
    assert client.request("GET", "/orders?%%%=%&=&==").status == 200
    assert client.request("GET", "/orders", headers=many).status == 200

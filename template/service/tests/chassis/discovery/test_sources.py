# Sealed: an update replaces this file.
"""Instances from DNS, a file and Consul's API."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ...conftest import discovery, http
from ..http.servers import Server, answers, serving
from ..http.time import Hand

pytestmark = pytest.mark.anyio


class Names(asyncio.DatagramProtocol):
    """A DNS server; `zone` has `NAME TYPE` with records as in a zone file."""

    def __init__(self) -> None:
        self.zone: dict[str, list[str]] = {}
        self.broken = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        asked = query.question[0]
        name, kind = str(asked.name).rstrip("."), dns.rdatatype.to_text(asked.rdtype)
        records = self.zone.get(f"{name} {kind}", [])
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records:
            answer.answer.append(dns.rrset.from_text(asked.name, 5, "IN", kind, *records))
        elif not any(each.startswith(f"{name} ") for each in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def names() -> AsyncIterator[tuple[Names, Any]]:
    loop = asyncio.get_running_loop()
    place = ("127.0.0.1", 0)
    transport, protocol = await loop.create_datagram_endpoint(Names, local_addr=place)
    host, port = transport.get_extra_info("sockname")
    yield protocol, discovery.Lookup(dns_server=f"{host}:{port}")
    transport.close()


async def test_every_address_of_a_name_is_an_instance(names: tuple[Names, Any]) -> None:
    server, lookup = names
    server.zone = {"orders.test A": ["10.0.0.1", "10.0.0.2"], "orders.test AAAA": ["fd00::1"]}

    found = await discovery.parse("dns+https://orders.test:8443", lookup).fetch()

    assert sorted(each.url for each in found) == [
        "https://10.0.0.1:8443",
        "https://10.0.0.2:8443",
        "https://[fd00::1]:8443",
    ]
    assert {each.authority for each in found} == {"orders.test:8443"}


async def test_srv_records_bring_port_and_weight_and_the_best_priority_counts(
    names: tuple[Names, Any],
) -> None:
    server, lookup = names
    server.zone = {
        "_http._tcp.orders.test SRV": ["0 3 8001 a.test.", "0 1 8002 b.test.", "9 1 8003 c.test."]
    }

    found = await discovery.parse("srv+http://_http._tcp.orders.test", lookup).fetch()

    told = sorted((each.url, each.weight) for each in found)
    assert told == [("http://a.test:8001", 3), ("http://b.test:8002", 1)]


async def test_a_name_that_is_gone_has_no_instances_but_silence_changes_nothing(
    names: tuple[Names, Any],
) -> None:
    server, lookup = names
    server.zone = {"orders.test A": ["10.0.0.1"]}
    guard = http.Guard("orders", discovery.parse("dns+http://orders.test", lookup), clock=Hand())
    await guard.look_up()

    server.broken = True
    await guard.look_up()
    assert guard.balancer.choose().instance.host == "10.0.0.1"

    server.broken, server.zone = False, {}
    await guard.look_up()
    with pytest.raises(http.NoInstanceError):
        guard.balancer.choose()


@pytest.mark.parametrize("odd", ["169.254.169.254", "0.0.0.0", "224.0.0.1"])
async def test_a_registry_cannot_send_us_where_no_service_is(
    names: tuple[Names, Any], odd: str
) -> None:
    server, lookup = names
    server.zone = {"orders.test A": ["10.0.0.1", odd]}

    with pytest.raises(ValueError, match="no service has"):
        await discovery.parse("dns+http://orders.test", lookup).fetch()


async def test_a_file_is_followed(tmp_path: Path) -> None:
    file = tmp_path / "orders"
    file.write_text("10.0.0.1:8001  # first\n\n[fd00::1]:8002 5\n")
    source = discovery.parse(f"file+http://{file}")
    before = await source.fetch()

    fresh = tmp_path / "fresh"
    fresh.write_text("10.0.0.9:8001\n")
    fresh.replace(file)
    after = await source.fetch()

    told = [(each.url, each.weight) for each in before]
    assert told == [("http://10.0.0.1:8001", 1), ("http://[fd00::1]:8002", 5)]
    assert [each.host for each in after] == ["10.0.0.9"]
    assert source.seconds == 1.0


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.1:many", "a b c d", "a/../b:80", "x:0"])
async def test_a_file_with_other_things_changes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "orders"
    file.write_text(text)

    with pytest.raises(ValueError, match=r"."):
        await discovery.parse(f"file+http://{file}").fetch()


def consul(*services: dict[str, Any], node: str = "10.0.0.5") -> bytes:
    return json.dumps([{"Node": {"Address": node}, "Service": each} for each in services]).encode()


async def test_consul_tells_the_healthy_ones_as_soon_as_they_change() -> None:
    told = [
        consul({"Address": "10.0.0.1", "Port": 8001, "Weights": {"Passing": 4}}),
        consul({"Address": "", "Port": 8002}),
    ]
    index = [11]

    async def speak(upstream: Server, writer: asyncio.StreamWriter) -> None:
        await answers(200, told[index[0] - 11], X_Consul_Index=str(index[0]))(upstream, writer)

    async with serving(speak) as server:
        lookup = discovery.Lookup(consul_token="hunter2")
        source = discovery.parse(f"consul+http://127.0.0.1:{server.port}/orders", lookup)
        [first] = await source.fetch()
        index[0] = 12
        [second] = await source.fetch()

    assert (first.url, first.weight) == ("http://10.0.0.1:8001", 4)
    assert second.url == "http://10.0.0.5:8002"
    assert "/v1/health/service/orders?passing=true&wait=30s&index=0 " in server.heads[0]
    assert "&index=11 " in server.heads[1]
    assert server.header("x-consul-token") == "hunter2"


@pytest.mark.parametrize("body", [b"[]]", b'{"a": 1}', b'[{"Service": {}}]', b"[7]"])
async def test_rubbish_from_consul_changes_nothing(body: bytes) -> None:
    async with serving(answers(200, body)) as server:
        source = discovery.parse(f"consul+http://127.0.0.1:{server.port}/orders")

        with pytest.raises(ValueError, match=r"."):
            await source.fetch()

    assert source.seconds == 5.0


async def test_instances_are_looked_up_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "orders"
    file.write_text("10.0.0.1:8001\n")
    hand = Hand()
    async with http.Guard("orders", discovery.parse(f"file+http://{file}"), clock=hand) as guard:
        assert guard.balancer.choose().instance.host == "10.0.0.1"
        file.write_text("10.0.0.2:8001\n")
        while guard.balancer.choose().instance.host != "10.0.0.2":  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.001)

    assert set(hand.slept) == {1.0}

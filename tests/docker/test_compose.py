"""The compose file of a generated service, on a real engine."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .engine import Stack, call, docker

ORDER = {"currency": "EUR", "lines": [{"sku": "TEA-1", "quantity": 2, "unit_price": 450}]}


def test_compose_itself_accepts_the_file(service: Path) -> None:
    docker("compose", "config", "--quiet", cwd=service)


def test_migrations_ran_as_a_step_of_their_own(stack: Stack) -> None:
    migrate, running = stack.state("migrate"), stack.state("service")

    assert migrate["State"]["ExitCode"] == 0
    assert migrate["State"]["FinishedAt"] <= running["State"]["StartedAt"]


def test_order_placed_on_the_published_port_can_be_read(stack: Stack) -> None:
    token = stack.token()

    placed, order = call(f"{stack.url}/orders", body=ORDER, token=token)
    read, found = call(f"{stack.url}/orders/{order['id']}", token=token)

    assert (placed, read) == (201, 200)
    assert found == order


def test_order_without_a_token_is_refused(stack: Stack) -> None:
    status, _ = call(f"{stack.url}/orders", body=ORDER)

    assert status == 401


def test_service_may_do_nothing_but_serve(stack: Stack) -> None:
    status = dict(
        line.split(":\t", 1) for line in stack.inside("cat", "/proc/1/status").splitlines()
    )

    assert status["Uid"].split() == ["10001"] * 4
    assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("path", ["/app/x", "/app/var/x", "/usr/local/x", "/etc/x"])
def test_root_file_system_cannot_be_written(stack: Stack, path: str) -> None:
    with pytest.raises(AssertionError, match="Read-only file system"):
        stack.inside("touch", path)


def test_limits_are_in_force(stack: Stack) -> None:
    limits = stack.state("service")["HostConfig"]

    assert limits["Memory"] == 256 * 2**20
    assert limits["NanoCpus"] == 10**9
    assert limits["PidsLimit"] == 128


def test_database_is_not_reachable_from_the_machine(stack: Stack) -> None:
    assert stack.state("database")["HostConfig"]["PortBindings"] == {}


def test_orders_survive_a_new_set_of_containers(
    stack: Stack, say: Callable[[str], None]
) -> None:
    _, order = call(f"{stack.url}/orders", body=ORDER, token=stack.token())
    stack.compose("down")
    began = time.monotonic()
    stack.up()
    say(f"compose file healthy again after {time.monotonic() - began:.1f} s")

    status, found = call(f"{stack.url}/orders/{order['id']}", token=stack.token())

    assert status == 200
    assert found == order


def test_service_stops_in_time_and_logs_no_secret(stack: Stack) -> None:
    token = stack.token()
    call(f"{stack.url}/orders", token=token)
    began = time.monotonic()

    stack.compose("stop", "service")

    assert time.monotonic() - began < 10
    assert stack.state("service")["State"]["ExitCode"] == 0
    logs = stack.compose("logs", "service", "migrate")
    assert '"route":"/orders"' in logs
    assert token not in logs
    assert "development@" not in logs
    stack.compose("start", "service")


def test_password_of_the_database_can_be_chosen(service: Path) -> None:
    chosen = "p@ss/w:rd%"

    text = docker("compose", "config", "--format=json", cwd=service, POSTGRES_PASSWORD=chosen)

    services = json.loads(text)["services"]
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == chosen
    assert services["service"]["environment"]["PGPASSWORD"] == chosen
    assert services["migrate"]["environment"]["PGPASSWORD"] == chosen

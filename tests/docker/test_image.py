"""The image of a generated service, alone."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import NASTY
from .engine import call, docker, first_answer, free_port

PRODUCTION = {
    "ORDERS_SERVICE_ALLOW_SQLITE": "true",
    "ORDERS_SERVICE_AUTH_JWKS_URL": "https://issuer.invalid/jwks.json",
    "ORDERS_SERVICE_AUTH_ISSUER": "https://issuer.invalid/",
    "ORDERS_SERVICE_AUTH_AUDIENCE": "orders",
}


@pytest.fixture(scope="module")
def config(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", image))[0]["Config"]
    return found


@contextmanager
def running(image: str, *flags: str, **variables: str) -> Iterator[tuple[str, str]]:
    """Run the image with a read-only root; give the container's name and its URL."""
    port = free_port()
    name = f"msgen-test-{port}"
    settings = [f"--env={key}={value}" for key, value in variables.items()]
    docker(
        "run", "--detach", f"--name={name}", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL",
        f"--publish=127.0.0.1:{port}:8000", *flags, *settings, image,
    )  # fmt: skip
    try:
        yield name, f"http://127.0.0.1:{port}"
    finally:
        docker("rm", "--force", "--volumes", name)


def test_image_is_small(image: str, say: Callable[[str], None]) -> None:
    history = docker("history", "--human=false", "--format={{.Size}} {{.CreatedBy}}", image)
    layers = [line.partition(" ") for line in history.splitlines()]
    first = next(i for i, (_, _, command) in enumerate(layers) if command.startswith("WORKDIR"))
    own = sum(int(size) for size, _, _ in layers[:first])
    base = sum(int(size) for size, _, _ in layers[first:])

    say(f"image: {own / 1e6:.0f} MB on a base of {base / 1e6:.0f} MB")

    assert own < 150e6


def test_image_holds_no_build_tools(image: str) -> None:
    tools = "uv uvx pip pip3 gcc cc make git"
    found = docker(
        "run", "--rm", "--entrypoint=sh", image, "-c",
        f"for tool in {tools}; do command -v $tool || true; done; "
        "for python in $(which -a python3); do ! $python -m pip --version 2> /dev/null; done",
    )  # fmt: skip

    assert found == ""


def test_image_holds_neither_tests_nor_development_dependencies(image: str) -> None:
    listed = docker("run", "--rm", "--entrypoint=ls", image, ".", ".venv/bin").split()

    assert "orders-service" in listed
    assert not {"tests", "README.md", "pytest", "ruff", "mypy", "uv"} & set(listed)


def test_image_says_what_it_is(config: dict[str, Any]) -> None:
    labels = {key.rpartition(".")[2]: value for key, value in config["Labels"].items()}

    assert labels["title"] == "orders-service"
    assert labels["description"] == NASTY
    assert labels["revision"] == "abc123"


def test_image_runs_as_a_numeric_user_that_owns_no_code(
    config: dict[str, Any], image: str
) -> None:
    writable = docker(
        "run", "--rm", "--entrypoint=find", image, "/app", "-writable", "-not", "-type", "l"
    )

    assert config["User"] == "10001:10001"
    assert writable == "/app/var"


def test_production_without_settings_names_each_that_is_missing(image: str) -> None:
    ran = subprocess.run(
        ["docker", "run", "--rm", image], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 78
    for setting in ("DATABASE_URL", "AUTH_JWKS_URL", "AUTH_ISSUER", "AUTH_AUDIENCE"):
        assert f"ORDERS_SERVICE_{setting}" in ran.stderr


def test_engine_learns_that_the_service_lives(image: str) -> None:
    with running(image, **PRODUCTION) as (name, url):
        first_answer(f"{url}/livez")
        states: list[str] = []
        while states[-1:] != ["healthy"] and len(states) < 100:
            states.append(docker("inspect", "--format={{.State.Health.Status}}", name))
            time.sleep(0.1)

    assert states[-1] == "healthy"


def test_production_starts_without_its_database_and_issuer_and_says_so(image: str) -> None:
    with running(image, **PRODUCTION) as (_, url):
        first_answer(f"{url}/livez")

        status, problem = call(f"{url}/readyz")

    assert status == 503
    assert "checks" in problem


def test_production_drains_and_stops_on_sigterm(image: str, say: Callable[[str], None]) -> None:
    with running(image, **PRODUCTION) as (name, url):
        first_answer(f"{url}/livez")
        began = time.monotonic()
        docker("stop", "--time=30", name)
        took = time.monotonic() - began
        code = docker("inspect", "--format={{.State.ExitCode}}", name)

    say(f"stopped {took:.1f} s after SIGTERM, in production with its drain of 5 s")
    assert code == "0"
    assert 5 <= took < 10


def test_read_only_root_needs_no_more_than_a_volume_for_sqlite(
    image: str, say: Callable[[str], None]
) -> None:
    with running(image, "--volume=/app/var", ORDERS_SERVICE_ENVIRONMENT="development") as (
        name,
        url,
    ):
        took = first_answer(f"{url}/livez")
        status, _ = call(f"{url}/readyz")
        memory = docker("stats", "--no-stream", "--format={{.MemUsage}}", name)

    say(f"first answer after {took:.2f} s on SQLite, migrations included; {memory}")
    assert status == 200

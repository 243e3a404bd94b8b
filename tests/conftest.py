"""Fixtures that all tests share; `tests/support` holds what they are made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import postgres, processes, pythons
from tests.support.environment import Environment, shared
from tests.support.processes import Boot, Running
from tests.support.rendering import Generate, Service, plan, render
from tests.support.servers import unavailable


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(scope="session", autouse=True)
def _no_configuration_of_this_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An organisation's defaults on this machine must not change what is tested."""
    file = tmp_path_factory.mktemp("configuration") / "config.toml"
    file.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSGEN_CONFIG", str(file))
        yield


@pytest.fixture(scope="session")
def generate(
    tmp_path_factory: pytest.TempPathFactory, _no_configuration_of_this_user: None
) -> Generate:
    """Render a service; the same answers give the same folder."""
    rendered: dict[str, Service] = {}

    def generate(preset: str = "service", name: str = "my-service", **answers: Any) -> Service:
        key = repr((preset, name, sorted(answers.items())))
        if key not in rendered:
            target = tmp_path_factory.mktemp("rendered") / name
            rendered[key] = render(plan(preset, name, answers, target))
        return rendered[key]

    return generate


@pytest.fixture(scope="session")
def service(generate: Generate) -> Service:
    """The default service."""
    return generate()


@pytest.fixture(scope="session")
def environment(service: Service) -> Environment:
    """What services run in, on the interpreter that runs the tests."""
    return shared(service, pythons.running())


@pytest.fixture
def boot(environment: Environment, tmp_path: Path) -> Iterator[Boot]:
    """Start services as real processes, which end with the test."""
    with booting(environment, tmp_path) as boot:
        yield boot


@pytest.fixture(scope="module")
def module_boot(
    environment: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Boot]:
    """The same, for processes that the tests of a module share."""
    with booting(environment, tmp_path_factory.mktemp("module")) as boot:
        yield boot


@contextmanager
def booting(environment: Environment, folder: Path) -> Iterator[Boot]:
    """Start services in copies below the folder, and stop them in the end."""
    started: list[Running] = []

    def boot(
        service: Service, *, at: Path | None = None, ready: str = "/readyz", **extra: str
    ) -> Running:
        place = at or folder / f"booted-{len(started)}"
        own = replace(service, path=place) if place.exists() else service.copy(place)
        started.append(processes.Running(own, environment, extra))
        if ready:
            started[-1].wait(ready)
        return started[-1]

    try:
        yield boot
    finally:
        for running in started:
            running.stop()


@pytest.fixture(scope="session")
def _postgres() -> None:
    if not postgres.answers():
        unavailable(f"no PostgreSQL answers at `{postgres.SERVER}`")


@pytest.fixture
def postgres_url(_postgres: None) -> Iterator[str]:
    """An empty database of the machine's PostgreSQL."""
    with postgres.fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(_postgres: None) -> Iterator[str]:
    """The same, for the tests of a module together."""
    with postgres.fresh_database() as url:
        yield url


@pytest.fixture(scope="session")
def copier_template_paths() -> list[str]:
    """What `pytest-copier` makes its template from."""
    return [".gitignore", "copier.yml", "presets", "template"]

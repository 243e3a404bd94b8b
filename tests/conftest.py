"""Fixtures that all tests share; `tests/support` holds what they are made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgen.releases import current

from tests.support import postgres, pythons
from tests.support.environment import Environment, of_everything, shared
from tests.support.processes import Boot, booting
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
        patch.setenv("MSGEN_CACHE", str(file.with_name("cache")))
        # A service's pytest tidies up after other runs; what it finds is not its fault.
        patch.setenv("PYTEST_DEBUG_TEMPROOT", str(tmp_path_factory.mktemp("of-services")))
        current()  # unpacked once, for whatever the tests start
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


@pytest.fixture(scope="session")
def everything() -> Environment:
    """What services of every kind run in."""
    return of_everything(pythons.running())


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

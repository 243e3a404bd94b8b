"""Names that would get in the way of something still make a service that works."""

from pathlib import Path

import pytest

from tests.support.environment import Environment
from tests.support.rendering import Generate

DERIVED = {
    "orders": ("orders-service", "orders_service", "ORDERS_SERVICE_"),
    "my-service": ("my-service", "my_service", "MY_SERVICE_"),
    "service": ("service-service", "service_service", "SERVICE_SERVICE_"),
    "a-service-b2": ("a-service-b2-service", "a_service_b2_service", "A_SERVICE_B2_SERVICE_"),
}
SHADOWING = ("email", "queue", "json", "fastapi", "test", "my-service-service", "sqlalchemy")

SEES_BOTH = """
import importlib
ours = importlib.import_module("{package}")
theirs = importlib.import_module("{name}") if {exists} else None
assert ours.__file__.startswith("{path}"), ours.__file__
assert theirs is None or not theirs.__file__.startswith("{path}"), theirs.__file__
from {package}.main import create_app
create_app()
"""


@pytest.mark.parametrize("name", DERIVED)
def test_command_package_and_prefix_follow_from_the_name(generate: Generate, name: str) -> None:
    service = generate(name=name)

    assert (service.command, service.package, service.prefix) == DERIVED[name]
    service.has("pyproject.toml", f'{service.command} = "{service.package}.__main__:main"')
    service.has(f"src/{service.package}/main.py")


@pytest.mark.parametrize("name", SHADOWING)
def test_name_shadows_nothing(
    generate: Generate, environment: Environment, name: str, tmp_path: Path
) -> None:
    service = generate(name=name).copy(tmp_path / "shadow")
    check = SEES_BOTH.format(
        package=service.package, name=name, exists="-" not in name, path=service.path
    )

    environment.passes(service, "python", "-c", check)
    assert environment.passes(service, "python", "-m", service.package, "--help")

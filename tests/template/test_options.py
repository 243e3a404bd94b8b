"""Each option adds and takes away what `copier.yml` says, and nothing else."""

import re
from typing import Any

import pytest

from tests.support import template
from tests.support.rendering import Generate, Service

EVERYTHING = {"code_owners": "@acme/platform", "licence": "MIT"}

BLOCK = re.compile(r"\{% if (?P<condition>.+?) %\}\n(?P<paths>.*?)\{% endif %\}", re.DOTALL)
OWNED = {
    block["condition"]: block["paths"].split()
    for each in template.SNAPSHOT.config["_exclude"]
    for block in BLOCK.finditer(re.sub(r"\{\{ package \}\}", "orders_service", each))
}
WITHOUT: dict[str, dict[str, Any]] = {
    "ci != 'github'": {"ci": "none"},
    "licence == 'proprietary'": {"licence": "proprietary"},
    "not code_owners": {"code_owners": ""},
}

every_option = pytest.mark.parametrize("condition", OWNED)


@pytest.fixture(scope="session")
def whole(generate: Generate) -> Service:
    """A service with every file that there is."""
    return generate(name="orders", **EVERYTHING)


@every_option
def test_option_owns_its_files_and_no_others(
    condition: str, generate: Generate, whole: Service
) -> None:
    left = generate(name="orders", **{**EVERYTHING, **_without(condition)})

    owned = {file for file in whole.files if _below(file, OWNED[condition])}
    assert owned, f"no file is at {OWNED[condition]}"
    assert set(whole.files) - set(left.files) == owned
    assert set(left.files) <= set(whole.files)


@every_option
def test_every_owned_path_is_in_the_template(condition: str, whole: Service) -> None:
    for path in OWNED[condition]:
        assert [file for file in whole.files if _below(file, [path])], path


def test_service_without_traces_has_no_word_of_them(generate: Generate) -> None:
    service = generate(name="orders", tracing=False)

    for file in service.files:
        if file.startswith(("src/", "tests/", "pyproject", ".env", "docs/")):
            service.lacks(file, "opentelemetry.sdk", "opentelemetry-", "otlp")


def test_service_without_exception_tracking_has_no_word_of_it(generate: Generate) -> None:
    service = generate(name="orders", exception_tracking=False)

    for file in service.files:
        if file.startswith(("src/", "pyproject", ".env", "compose", "docs/")):
            service.lacks(file, "sentry")


def test_own_package_index_is_used_everywhere(generate: Generate) -> None:
    service = generate(package_index="https://packages.example.org/simple/")

    service.has("pyproject.toml", 'url = "https://packages.example.org/simple/"')


def test_own_base_image_is_used_for_the_container(generate: Generate) -> None:
    service = generate(base_image="registry.example.org/python:3.13")

    service.has("Dockerfile", "registry.example.org/python:3.13")
    service.lacks("Dockerfile", "python:3.13-slim")


def _without(condition: str) -> dict[str, Any]:
    return WITHOUT.get(condition) or {condition.removeprefix("not "): False}


def _below(file: str, paths: list[str]) -> bool:
    return any(f"/{file}" == path or f"/{file}".startswith(f"{path}/") for path in paths)

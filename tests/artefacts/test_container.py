"""The container files of a service: clean for their linters, and safe by default."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Passes, Render, Run

NASTY = 'Takes "orders" for $HOME \\ and ünïcode'


@pytest.fixture(scope="session")
def compose(service: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((service / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="session")
def dockerfile(service: Path) -> str:
    return (service / "Dockerfile").read_text()


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"description": NASTY},
        {"name": "my-service", "base_image": "registry.acme.dev/py:3"},
    ],
    ids=["default", "nasty", "organisation"],
)
def test_hadolint_has_no_complaint(
    render: Render, passes: Passes, answers: dict[str, str]
) -> None:
    passes(render(**answers), "hadolint", "Dockerfile")


def test_hadolint_sees_a_planted_fault(tmp_path: Path, run: Run) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN apt-get install curl\n")

    said = run(tmp_path, "hadolint", "Dockerfile")

    assert said.returncode == 1
    assert "DL3007" in said.stdout


def test_compose_file_fits_the_compose_specification(service: Path, passes: Passes) -> None:
    passes(
        service, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"
    )


def test_compose_specification_refuses_a_planted_fault(tmp_path: Path, run: Run) -> None:
    (tmp_path / "compose.yaml").write_text("services: {a: {image: b, read_onyl: true}}\n")

    said = run(
        tmp_path, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"
    )

    assert said.returncode == 1
    assert "read_onyl" in said.stdout


def test_image_runs_as_a_user_that_is_a_number_and_not_root(dockerfile: str) -> None:
    users = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)

    assert users == ["10001:10001"]


def test_image_needs_no_frontend_from_elsewhere(dockerfile: str) -> None:
    assert not re.search(r"^#\s*syntax", dockerfile, re.MULTILINE)


def test_image_stands_on_the_base_image_that_was_asked_for(render: Render) -> None:
    service = render(base_image="registry.acme.dev/python:3.13")

    lines = (service / "Dockerfile").read_text().splitlines()

    assert "ARG BASE_IMAGE=registry.acme.dev/python:3.13" in lines
    assert lines.count("FROM ${BASE_IMAGE}") == 1


def test_image_and_ci_use_one_version_of_each_tool(
    service: Path, dockerfile: str, compose: dict[str, Any]
) -> None:
    action = yaml.safe_load((service / ".github/actions/prepare/action.yml").read_text())
    checks = yaml.safe_load((service / ".github/workflows/checks.yml").read_text())

    uv = action["runs"]["steps"][0]["with"]["version"]
    postgres = checks["jobs"]["tests"]["services"]["database"]["image"]

    assert f"FROM ghcr.io/astral-sh/uv:{uv} AS uv" in dockerfile
    assert compose["services"]["database"]["image"] == postgres


def test_nothing_reaches_the_image_unnamed(service: Path) -> None:
    rules = (service / ".dockerignore").read_text().splitlines()

    assert next(rule for rule in rules if not rule.startswith("#")) == "*"


def test_everything_the_image_copies_passes_the_ignore_file(
    service: Path, dockerfile: str
) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)

    allowed = {
        rule[1:]
        for rule in (service / ".dockerignore").read_text().splitlines()
        if rule.startswith("!")
    }

    assert {name for names in copied for name in names.split()} == allowed


@pytest.mark.parametrize("name", ["service", "migrate"])
def test_containers_of_the_service_can_neither_write_nor_gain_rights(
    compose: dict[str, Any], name: str
) -> None:
    container = compose["services"][name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]


def test_every_container_has_limits(compose: dict[str, Any]) -> None:
    for name, container in compose["services"].items():
        limits = container["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= limits.keys(), name


def test_service_starts_after_its_migrations(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert services["service"]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"}
    }
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_ports_are_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    published = {name: part.get("ports", []) for name, part in compose["services"].items()}

    assert published.pop("service") == ["127.0.0.1:${SERVICE_PORT:-8000}:8000"]
    assert not any(published.values())


def test_service_without_container_has_no_trace_of_one(render: Render) -> None:
    service = render(container=False, devcontainer=False)

    for file in ("Dockerfile", ".dockerignore", "compose.yaml", ".github/workflows/image.yml"):
        assert not (service / file).exists(), file
    for file in ("justfile", ".github/workflows/ci.yml", "README.md", "pyproject.toml"):
        assert not re.search(r"docker|compose|image\.yml", (service / file).read_text()), file

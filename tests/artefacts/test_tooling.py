"""The other files around a service: editors, bots, licence."""

import json
from pathlib import Path

import pathspec
import pytest
import yaml

from tests.support.rendering import TEMPLATE

from .conftest import Passes, Render


def test_renovate_configuration_fits_its_schema(service: Path, passes: Passes) -> None:
    passes(service, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json")


def test_renovate_leaves_sealed_files_alone_and_no_others(service: Path) -> None:
    ignored = pathspec.GitIgnoreSpec.from_lines(
        f"/{line}"
        for line in json.loads((service / "renovate.json").read_text())["ignorePaths"]
    )
    table = yaml.safe_load((TEMPLATE / "ownership.yml").read_text())
    sealed = pathspec.GitIgnoreSpec.from_lines(table["sealed"])
    files = {str(path.relative_to(service)) for path in service.rglob("*") if path.is_file()}

    # the answers file is what Renovate's copier manager reads
    without_versions = {".copier-answers.yml", ".github/zizmor.yml"}
    assert set(ignored.match_files(files)) == set(sealed.match_files(files)) - without_versions


def test_devcontainer_is_named_after_the_service(service: Path) -> None:
    container = json.loads((service / ".devcontainer/devcontainer.json").read_text())

    assert container["name"] == "orders-service"
    assert container["forwardPorts"] == [8000]


@pytest.mark.parametrize(
    ("option", "files"),
    [("devcontainer", [".devcontainer"]), ("renovate", ["renovate.json"])],
)
def test_declined_options_leave_no_file(render: Render, option: str, files: list[str]) -> None:
    service = render(**{option: False})

    assert not [file for file in files if (service / file).exists()]


@pytest.mark.parametrize(
    ("licence", "first", "holder"),
    [
        ("MIT", "MIT License", "Copyright (c) ACME & Sons\n"),
        ("Apache-2.0", "Apache License", "   Copyright ACME & Sons\n"),
    ],
)
def test_licence_is_the_whole_text_and_names_its_holder(
    render: Render, licence: str, first: str, holder: str
) -> None:
    service = render(licence=licence, copyright_holder="ACME & Sons")

    text = (service / "LICENSE").read_text()

    assert text.splitlines()[0].strip() == first
    assert holder in text
    assert "WARRANTIES" in text.upper()


def test_proprietary_service_has_no_licence_file(render: Render) -> None:
    assert not (render(licence="proprietary") / "LICENSE").exists()

"""Each option adds and takes away what `copier.yml` says, and nothing else."""

import re
from typing import Any

import pytest
import yaml

from tests.support import template
from tests.support.answers import STORING_SLICES
from tests.support.rendering import Generate, Service

EVERYTHING: dict[str, Any] = {
    "broker": "rabbitmq",
    "code_owners": "@acme/platform",
    "feature_flags": True,
    "licence": "MIT",
}

# Names that follow from the slice and from what it calls: answers with and without the files.
DERIVED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "not stores": ({"slice": "orders"}, {"slice": "dossier"}),
    **{
        f"not {kind}_client": ({"slice": "screens", "client_kind": kind}, {"slice": "orders"})
        for kind in ("web", "mobile", "partner")
    },
    "not calls": ({"http_client": True}, {"http_client": False}),
    "not event_sourced": ({"slice": "ledger"}, {"slice": "stock"}),
    "not orchestrates": ({"slice": "checkout"}, {"slice": "stock"}),
    "not works": ({"slice": "imports"}, {"slice": "stock"}),
    "not serves": ({"slice": "stock", "http_client": True}, {"slice": "imports"}),
}

BLOCK = re.compile(r"\{% if (?P<condition>.+?) %\}\n(?P<paths>.*?)\{% endif %\}", re.DOTALL)
BLOCKS = {
    re.sub(r" \| default\(\w+\)$", "", block["condition"]): block["paths"].split()
    for each in template.SNAPSHOT.config["_exclude"]
    for block in BLOCK.finditer(re.sub(r"\{\{ package \}\}", "orders_service", each))
}
# What else these decide is `retired`, which is not asked: `tests/services/test_retired.py`.
RETIRED = {
    key: paths for key, paths in BLOCKS.items() if key.startswith(("not flags_", "not events_"))
}
KINDS = {key: paths for key, paths in BLOCKS.items() if "slice" in key or key in DERIVED}
OWNED = {key: paths for key, paths in BLOCKS.items() if key not in {**RETIRED, **KINDS}}
OWNED["not feature_flags"] += RETIRED["not flags_made"]
OWNED["not events"] += RETIRED["not events_made"]
WITHOUT: dict[str, dict[str, Any]] = {
    "ci != 'github'": {"ci": "none"},
    "licence == 'proprietary'": {"licence": "proprietary"},
    "not code_owners": {"code_owners": ""},
    "not events": {"broker": "none"},
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


@pytest.mark.parametrize("condition", KINDS)
def test_slice_brings_its_files_and_no_other_slice_does(
    condition: str, generate: Generate
) -> None:
    present, absent = DERIVED.get(condition) or _slices(condition)
    there, gone = generate(name="orders", **present), generate(name="orders", **absent)

    for path in KINDS[condition]:
        assert [file for file in there.files if _below(file, [path])], path
        assert not [file for file in gone.files if _below(file, [path])], path


def _slices(condition: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """`slice != 'x'` leaves files to one slice, `slice == 'x'` takes them from one."""
    _, comparison, word = condition.split()
    own = word.strip("'")
    told = {"broker": "nats"} if own in STORING_SLICES else {}
    answers = ({"slice": own, **told}, {"slice": "dossier" if own == "orders" else "orders"})
    return answers if comparison == "!=" else answers[::-1]


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


def test_service_without_a_broker_has_no_word_of_events(generate: Generate) -> None:
    service = generate(name="orders")

    for file in service.files:
        if file != ".copier-answers.yml":
            service.lacks(
                file, "outbox", "faststream", "chassis.events", "BUS_URL", "unit.emit"
            )


def test_own_package_index_is_used_everywhere(generate: Generate) -> None:
    service = generate(package_index="https://packages.example.org/simple/")

    service.has("pyproject.toml", 'url = "https://packages.example.org/simple/"')


def test_own_base_image_is_used_for_the_container(generate: Generate) -> None:
    service = generate(base_image="registry.example.org/python:3.13")

    service.has("Dockerfile", "registry.example.org/python:3.13")
    service.lacks("Dockerfile", "python:3.13-slim")


@pytest.mark.parametrize(
    ("lowest", "matrix"), [("3.11", '["3.11", "3.13"]'), ("3.13", '["3.13"]')]
)
def test_lowest_python_is_the_same_everywhere(
    generate: Generate, lowest: str, matrix: str
) -> None:
    service = generate(minimum_python=lowest)

    service.has("pyproject.toml", f'requires-python = ">={lowest}"')
    service.has("pyproject.toml", f'target-version = "py{lowest.replace(".", "")}"')
    service.has("pyproject.toml", f'python_version = "{lowest}"')
    service.has("README.md", f"Python {lowest} or newer")
    service.has(".github/workflows/checks.yml", f"default: '{matrix}'")
    assert yaml.safe_load(service.text(".copier-answers.yml"))["minimum_python"] == lowest


def _without(condition: str) -> dict[str, Any]:
    return WITHOUT.get(condition) or {condition.removeprefix("not "): False}


def _below(file: str, paths: list[str]) -> bool:
    return any(f"/{file}" == path or f"/{file}".startswith(f"{path}/") for path in paths)

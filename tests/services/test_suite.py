"""A generated service passes its own checks: on both databases, on every Python that is here.

In an environment made from its own `pyproject.toml`, so that an import without a
declared dependency is found. What is sealed is the same in every service: its tests run in
one preset of each kind, and are left out in others where they and the chassis are equal.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import pythons
from tests.support.answers import EVENT_SLICES, STORING_SLICES, slice_of
from tests.support.environment import Environment, shared
from tests.support.rendering import Generate, Service
from tests.template.test_golden import BARE, PRESETS

Suite = Callable[..., None]
STORING = [preset for preset in PRESETS if slice_of(preset) in STORING_SLICES]


OTHER_DATABASE = re.compile(r"\b(SQLite|PostgreSQL)\b")
"""What a test says that is for one of them: the suite runs on both."""

STATELESS, STORED, TELLING = "gateway", "service", "saga-participant"
"""The presets that run all of the chassis' tests, of services like them."""


@pytest.fixture
def suite(tmp_path: Path, generate: Generate) -> Suite:
    """Run the service's own tests in a copy of it."""

    def suite(
        preset: str,
        environment: Callable[[Service], Environment],
        *,
        name: str = "my-service",
        extra: Callable[[Service], dict[str, str]] = lambda _: {},
        known: str = "",
        **answers: Any,
    ) -> None:
        service = generate(preset, name=name, **answers)
        known = known or _known(preset)
        same = [] if known == preset else _same(service, generate(known, name=name, **answers))
        own = service.copy(tmp_path / service.command)
        said = environment(service).passes(
            own,
            *("python", "-m", "pytest", "-q"),
            *(f"--ignore={file}" for file in same),
            extra=extra(service),
        )
        assert " passed" in said
        skipped = [line for line in said.splitlines() if line.startswith("SKIPPED")]
        assert [line for line in skipped if not OTHER_DATABASE.search(line)] == []

    return suite


def _known(preset: str) -> str:
    """Whose tests of the chassis stand for those of this preset."""
    slice_ = slice_of(preset)
    if slice_ not in STORING_SLICES:
        return STATELESS
    return TELLING if slice_ in EVENT_SLICES else STORED


def _same(service: Service, known: Service) -> list[str]:
    """Tests of the chassis that are run there already, on the very same chassis."""
    chassis = f"src/{service.package}/chassis/"
    common = set(service.files) & set(known.files)
    if any(
        service.text(file) != known.text(file) for file in common if file.startswith(chassis)
    ):
        return []
    return [
        file
        for file in sorted(common)
        if file.startswith("tests/chassis/")
        and file.rpartition("/")[2].startswith("test_")
        and service.text(file) == known.text(file)
    ]


def _running(service: Service) -> Environment:
    return shared(service, pythons.running())


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_as_it_is(suite: Suite, preset: str) -> None:
    suite(preset, _running)


@pytest.mark.parametrize("preset", STORING)
def test_its_own_tests_pass_on_postgresql(suite: Suite, preset: str, postgres_url: str) -> None:
    def extra(service: Service) -> dict[str, str]:
        return {f"{service.prefix}TEST_DATABASE_URL": postgres_url}

    calls = slice_of(preset) != "imports"  # its tests do not know the settings of tokens
    suite(preset, _running, extra=extra, feature_flags=True, http_client=calls)


def test_its_own_tests_pass_with_a_broker(suite: Suite) -> None:
    suite("service", _running, broker="nats", known=TELLING)


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_without_any_option(suite: Suite, preset: str) -> None:
    suite(preset, _running, name="orders", **BARE)


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_on_the_highest_python(suite: Suite, preset: str) -> None:
    highest = pythons.highest()
    if highest == pythons.running():
        pytest.skip(f"`{highest}` is the only Python here that is supported")

    suite(preset, lambda service: shared(service, highest), feature_flags=preset in STORING)


@pytest.mark.parametrize("preset", PRESETS)
def test_style_and_types_are_clean(
    generate: Generate, everything: Environment, preset: str, tmp_path: Path
) -> None:
    own = generate(preset).copy(tmp_path / "own")

    everything.passes(own, "ruff", "check", ".")
    everything.passes(own, "ruff", "format", "--check", ".")
    everything.passes(own, "mypy")

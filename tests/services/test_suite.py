"""A generated service passes its own checks: on both databases, on every Python that is here.

In an environment made from its own `pyproject.toml`, so that an import without a
declared dependency is found.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import pythons
from tests.support.answers import STORING_SLICES, slice_of
from tests.support.environment import Environment, shared
from tests.support.rendering import Generate, Service
from tests.template.test_golden import BARE, PRESETS

Suite = Callable[..., None]
STORING = [preset for preset in PRESETS if slice_of(preset) in STORING_SLICES]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Run the service's own tests in a copy of it."""

    def suite(service: Service, environment: Environment, **extra: str) -> None:
        own = service.copy(tmp_path / service.command)
        said = environment.passes(own, "python", "-m", "pytest", "-q", extra=extra)
        assert " passed" in said
        assert "skipped" not in said, said[-3000:]

    return suite


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_as_it_is(suite: Suite, generate: Generate, preset: str) -> None:
    service = generate(preset)

    suite(service, shared(service, pythons.running()))


@pytest.mark.parametrize("preset", STORING)
def test_its_own_tests_pass_on_postgresql(
    suite: Suite, generate: Generate, preset: str, postgres_url: str
) -> None:
    service = generate(preset, feature_flags=True, http_client=True)

    suite(
        service,
        shared(service, pythons.running()),
        **{f"{service.prefix}TEST_DATABASE_URL": postgres_url},
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_without_any_option(
    suite: Suite, generate: Generate, preset: str
) -> None:
    service = generate(preset, name="orders", **BARE)

    suite(service, shared(service, pythons.running()))


@pytest.mark.parametrize("preset", PRESETS)
def test_its_own_tests_pass_on_the_highest_python(
    suite: Suite, generate: Generate, preset: str
) -> None:
    if pythons.highest() == pythons.running():
        pytest.skip(f"`{pythons.running()}` is the only Python here that is supported")
    service = generate(preset, feature_flags=preset in STORING)

    suite(service, shared(service, pythons.highest()))


@pytest.mark.parametrize("preset", PRESETS)
def test_style_and_types_are_clean(
    generate: Generate, everything: Environment, preset: str, tmp_path: Path
) -> None:
    own = generate(preset).copy(tmp_path / "own")

    everything.passes(own, "ruff", "check", ".")
    everything.passes(own, "ruff", "format", "--check", ".")
    everything.passes(own, "mypy")

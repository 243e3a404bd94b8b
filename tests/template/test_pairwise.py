"""Every two values of all options meet in a service that is rendered and checked."""

import hashlib
import shutil
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.support import answers
from tests.support.environment import Environment
from tests.support.pairwise import pairs
from tests.support.rendering import Generate, Service

ROWS = answers.rows()
NUMBERS = range(len(ROWS))
PATHS = {
    "catalogue": "/catalogue",
    "checkout": "/checkouts",
    "edge": "/overview",
    "imports": "/livez",
    "ledger": "/accounts",
    "orders": "/orders",
    "dossier": "/dossiers/me",
    "provider": "/_simulator/state",
    "screens": "/screens/home",
    "stock": "/stock",
}

IMPORT_CHECK = """
from {package}.main import create_app
from {package}.settings import Settings
app = create_app(Settings())
paths = [*app.openapi()["paths"], *(getattr(route, "path", "") for route in app.routes)]
assert {path!r} in paths, paths
"""


@pytest.fixture(params=NUMBERS)
def variant(request: pytest.FixtureRequest, generate: Generate) -> Service:
    return generate(name="orders", **ROWS[request.param])


@pytest.fixture(scope="session")
def distinct(generate: Generate) -> list[Service]:
    """One service for each source tree that comes out differently."""
    variants = (generate(name="orders", **row) for row in ROWS)
    return list({_sources(each): each for each in variants}.values())


def test_every_pair_of_values_meets() -> None:
    values = answers.values()
    met = set().union(*map(pairs, ROWS))

    for one, other in combinations(values, 2):
        for a, b in product(values[one], values[other]):
            assert frozenset({(one, a), (other, b)}) in met | answers.forbidden()


def test_variant_is_clean(variant: Service, everything: Environment) -> None:
    everything.passes(variant, "ruff", "check", "--no-cache", ".")
    everything.passes(variant, "ruff", "format", "--no-cache", "--check", ".")


def test_variant_is_imported_and_describes_itself(
    variant: Service, everything: Environment, tmp_path: Path
) -> None:
    own = variant.copy(tmp_path / "orders")
    path = PATHS[variant.answers["slice"]]
    check = IMPORT_CHECK.format(package=variant.package, path=path)

    everything.passes(own, "python", "-W", "error", "-c", check)


def test_every_distinct_variant_has_sound_types(
    distinct: list[Service], everything: Environment, tmp_path: Path
) -> None:
    """In one folder and with one cache, so that only what differs is checked again."""
    for service in distinct:
        shutil.rmtree(tmp_path / "orders", ignore_errors=True)
        own = service.copy(tmp_path / "orders")
        everything.passes(own, "mypy", "--cache-dir", str(tmp_path / "cache"))


def _sources(service: Service) -> str:
    """What decides the types: the code and its configuration, not the words in them."""
    digest = hashlib.sha256()
    for file in service.files:
        if file.endswith((".py", "pyproject.toml")):
            digest.update(f"{file}\0{service.text(file)}\0".encode())
    return digest.hexdigest()

"""One generated service, installed once; each test starts it as it needs it."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import copier
import pytest

from tests.support.servers import unavailable

from .postgres import Cluster, binaries
from .service import Service, running

ROOT = Path(__file__).parents[2]
Make = Callable[..., Service]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render the preset `service` and install it."""
    template = tmp_path_factory.mktemp("template")
    shutil.copy(ROOT / "copier.yml", template)
    shutil.copytree(ROOT / "template", template / "template")
    folder = tmp_path_factory.mktemp("faults") / "my-service"
    data = {"name": "my-service"}
    copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    sync = [str(uv), "sync", "--quiet", "--no-dev", "--compile-bytecode"]
    subprocess.run([*sync, "--python", sys.executable], cwd=folder, check=True, timeout=300)
    return folder


@pytest.fixture(scope="session")
def make(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Prepare a service with these settings, in a folder of its own."""

    def make(**settings: str) -> Service:
        return Service(project, tmp_path_factory.mktemp("service"), settings)

    return make


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Give a PostgreSQL server that a test may kill."""
    if (found := binaries()) is None:
        unavailable("no PostgreSQL on this machine: `initdb` was not found")
    own = Cluster(found)
    own.start()
    yield own
    own.remove()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("pg", marks=pytest.mark.postgres)]
)
def live(request: pytest.FixtureRequest, make: Make) -> Iterator[Service]:
    """Give a running service that tests share; once on each database."""
    settings = {}
    if request.param == "pg":
        settings["database_url"] = request.getfixturevalue("cluster").database("shared")
    with running(make(**settings)) as shared:
        yield shared

"""The optional tier that needs a Docker engine: `MSGEN_DOCKER=1` asks for it."""

import os
import subprocess
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .engine import Stack, docker

NASTY = 'Takes "orders" for $HOME and ünïcode'

Say = Callable[[str], None]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "docker: needs a Docker engine (MSGEN_DOCKER=1)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("docker")
            if os.environ.get("MSGEN_DOCKER") != "1":
                item.add_marker(pytest.mark.skip(reason="`MSGEN_DOCKER=1` runs it"))


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Say:
    """Print a figure, whatever pytest captures."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}")  # noqa: T201

    return say


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a service as a user gets it, with its lock file."""
    folder = tmp_path_factory.mktemp("docker") / "orders"
    msgen = Path(sysconfig.get_path("scripts")) / "msgen"
    flags = ["--output", str(folder), "--no-git", "--yes", "--set", f"description={NASTY}"]
    subprocess.run([msgen, "new", "orders", *flags], check=True)
    return folder


@pytest.fixture(scope="session")
def image(service: Path, say: Say) -> Iterator[str]:
    tag = f"msgen-test:{uuid.uuid4().hex[:8]}"
    began = time.monotonic()
    docker("build", "--build-arg", "REVISION=abc123", "--tag", tag, str(service))
    say(f"image built in {time.monotonic() - began:.1f} s")
    yield tag
    docker("image", "rm", "--force", tag)


@pytest.fixture(scope="module")
def stack(service: Path, image: str, say: Say) -> Iterator[Stack]:
    """Give the compose file's services, running."""
    running = Stack(service, image)
    began = time.monotonic()
    try:
        running.up()
        say(f"compose file healthy after {time.monotonic() - began:.1f} s")
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "5")

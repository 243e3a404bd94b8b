"""Services to look at, and the tools that their users have."""

import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.rendering import Generate

SCRIPTS = Path(sysconfig.get_path("scripts"))

Render = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]
Passes = Callable[..., None]


@pytest.fixture(scope="session")
def render(generate: Generate) -> Render:
    """Give the folder of a service called orders, with these answers."""

    def render(*, name: str = "orders", **answers: str | bool) -> Path:
        return generate("service", name, **answers).path

    return render


@pytest.fixture(scope="session")
def service(render: Render) -> Path:
    """Give a service with every file that an option can add."""
    return render(code_owners="@acme/platform", licence="MIT")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a tool of this environment in a folder and give what it said."""
    home = tmp_path_factory.mktemp("home")

    def run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPTS / tool, *arguments],
            cwd=folder,
            env={"PATH": f"{SCRIPTS}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def passes(run: Run) -> Passes:
    """Fail with the tool's own words unless it is content."""

    def passes(folder: Path, tool: str, *arguments: str) -> None:
        said = run(folder, tool, *arguments)
        assert said.returncode == 0, f"{tool} {' '.join(arguments)}\n{said.stdout}{said.stderr}"

    return passes

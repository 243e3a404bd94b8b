"""msgen itself on the highest Python of this machine, installed as a user installs it."""

import subprocess
from pathlib import Path

import pytest

from tests.support import pythons
from tests.support.environment import UV, inherited
from tests.support.rendering import ROOT, Service


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, in an environment of the highest Python."""
    if pythons.highest() == pythons.running():
        pytest.skip(f"`{pythons.running()}` is the only Python here that is supported")
    home = tmp_path_factory.mktemp("highest") / "venv"
    _run([UV, "venv", "--quiet", "--python", pythons.highest(), str(home)], home.parent)
    _run([UV, "pip", "install", "--quiet", "--python", str(home), str(ROOT)], home.parent)
    return home / "bin/msgen"


def test_msgen_writes_the_same_service_on_the_highest_python(
    installed: Path, service: Service, tmp_path: Path
) -> None:
    _run([str(installed), "new", "my-service", "--no-git", "--no-install"], tmp_path)

    for file in service.files:
        assert (tmp_path / "my-service" / file).read_text() == service.text(file), file


def test_doctor_is_content_with_the_highest_python(installed: Path, tmp_path: Path) -> None:
    assert f"✓ python        {_version(installed)}" in _run(
        [str(installed), "doctor"], tmp_path
    )


def _version(installed: Path) -> str:
    python = str(installed.with_name("python"))
    return _run([python, "-c", "import platform; print(platform.python_version())"]).strip()


def _run(command: list[str], folder: Path | None = None) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**inherited(), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout

"""Settings: where they come from, and what production refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import PACKAGE, PREFIX, PRODUCTION, ROOT, Settings, config, reference


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def put(given: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        given.setenv(PREFIX + name.upper(), value)


def serve(tmp_path: Path, **values: str) -> subprocess.CompletedProcess[str]:
    environment = {PREFIX + name.upper(): value for name, value in values.items()}
    command = [sys.executable, "-m", PACKAGE, "serve"]
    return subprocess.run(
        command, env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=30
    )


def test_the_environment_wins_over_dotenv_over_secrets_over_the_file(
    given: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text(
        'log_level = "ERROR"\nlisten_port = 1\nworkers = 2\nshutdown_seconds = 3\n'
    )
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in {"listen_port": "11", "workers": "12", "shutdown_seconds": "13"}.items():
        (secrets / f"{PREFIX}{name}".lower()).write_text(value)
    (tmp_path / ".env").write_text(f"{PREFIX}WORKERS=22\n{PREFIX}SHUTDOWN_SECONDS=23\n")
    put(given, shutdown_seconds="33", secrets_dir=str(secrets), config_file="settings.toml")

    found = config.load(Settings)

    told = (found.log_level, found.listen_port, found.workers, found.shutdown_seconds)
    assert told == ("ERROR", 11, 22, 33)


def test_production_starts_with_what_it_needs(given: pytest.MonkeyPatch) -> None:
    put(given, **PRODUCTION)

    assert config.load(Settings).production


def test_production_names_every_problem_at_once(tmp_path: Path) -> None:
    refused = serve(
        tmp_path, environment="production", debug="true", listen_port="many", workers="-1"
    )

    assert refused.returncode == 78
    for name in ("DEBUG", "LISTEN_PORT", "WORKERS"):
        assert PREFIX + name in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_environment_that_does_not_exist_is_held_to_the_stricter_rules(
    given: pytest.MonkeyPatch,
) -> None:
    put(given, environment="prod", debug="true")

    with pytest.raises(config.BadConfigurationError) as refused:
        config.load(Settings)

    named = " ".join(refused.value.problems)
    assert PREFIX + "ENVIRONMENT" in named
    assert PREFIX + "DEBUG" in named


def test_the_file_may_name_settings_only(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('log_levle = "DEBUG"\n')
    put(given, config_file="settings.toml")

    with pytest.raises(config.BadConfigurationError, match="`log_levle`, which is no setting"):
        config.load(Settings)


def test_the_table_of_settings_is_true() -> None:
    table = (ROOT / "docs" / "settings.md").read_text()

    assert table == reference.markdown(Settings), f"run `{Settings.service} settings --write`"


def test_the_example_names_settings_that_exist() -> None:
    known = {config.variable(Settings, name) for name in Settings.model_fields}

    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.lstrip("# ").split("=")[0] for line in lines if "=" in line}

    assert named <= known

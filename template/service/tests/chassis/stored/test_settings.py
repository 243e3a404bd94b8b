# Sealed: an update replaces this file.
"""Settings of the database: what cannot work, and what production refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from ...conftest import PACKAGE, PREFIX, PRODUCTION, Settings, config


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def put(given: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        given.setenv(PREFIX + name.upper(), value)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://db/app", "nonsense", "postgresql://db:x/a"]
)
def test_a_database_url_that_cannot_work_is_refused(given: pytest.MonkeyPatch, url: str) -> None:
    put(given, database_url=url)

    with pytest.raises(config.BadConfigurationError, match="DATABASE_URL is not usable"):
        config.load(Settings)


def test_production_takes_sqlite_only_by_name(given: pytest.MonkeyPatch) -> None:
    put(given, **{**PRODUCTION, "database_url": "sqlite:///var/service.db"})
    with pytest.raises(config.BadConfigurationError, match="DATABASE_URL"):
        config.load(Settings)

    put(given, allow_sqlite="true")

    assert config.load(Settings).allow_sqlite


def test_no_problem_shows_the_password_of_the_database(tmp_path: Path) -> None:
    values = {**PRODUCTION, "database_url": "mysql://app:hunter2@db.internal/app"}

    refused = subprocess.run(
        [sys.executable, "-m", PACKAGE, "serve"],
        env={PREFIX + name.upper(): value for name, value in values.items()},
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=30,
    )

    assert refused.returncode == 78
    assert PREFIX + "DATABASE_URL" in refused.stderr
    assert "hunter" not in refused.stderr + refused.stdout

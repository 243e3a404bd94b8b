"""What a worker shows to others: how it is, and nothing else."""

import httpx2
import pytest

from ..conftest import PREFIX, PRODUCTION, Live, Settings, config


@pytest.mark.parametrize("path", ["/livez", "/startupz", "/readyz", "/metrics"])
def test_it_says_how_it_is(live: Live, path: str) -> None:
    assert httpx2.get(live.url + path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/imports", "/audit", "/docs", "/openapi.json"])
def test_it_answers_nothing_else(live: Live, path: str) -> None:
    assert httpx2.get(live.url + path).status_code == 404


def test_it_measures_its_jobs(live: Live) -> None:
    told = httpx2.get(f"{live.url}/metrics").text

    for name in ("jobs_waiting", "jobs_oldest_seconds", "jobs_dead"):
        assert name + '{name="import_file"}' in told


def test_production_asks_for_no_identity_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(PREFIX + name.upper(), value)

    assert config.load(Settings).production
    assert not [name for name in Settings.model_fields if name.startswith(("auth_", "dev_key"))]

"""Tokens: who is let in, and who makes them."""

import subprocess
import sys
from pathlib import Path

import httpx2

from .conftest import PACKAGE, PREFIX, PROBE, PROBE_STATUS, PRODUCTION, Live, credentials


def serve(tmp_path: Path, **values: str) -> subprocess.CompletedProcess[str]:
    environment = {PREFIX + name.upper(): value for name, value in values.items()}
    command = [sys.executable, "-m", PACKAGE, "serve"]
    return subprocess.run(
        command, env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=30
    )


def test_a_token_of_the_command_line_is_let_in(live: Live) -> None:
    stranger = httpx2.get(live.url + PROBE)
    known = httpx2.get(live.url + PROBE, headers=credentials(live))

    assert (stranger.status_code, known.status_code) == (401, PROBE_STATUS)


def test_a_token_allows_what_it_was_asked_for(live: Live) -> None:
    token = live.token("--scope", "nothing:at-all")

    answer = httpx2.get(live.url + PROBE, headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 403


def test_production_asks_for_an_identity_provider(tmp_path: Path) -> None:
    refused = serve(tmp_path, environment="production")

    assert refused.returncode == 78
    for name in ("AUTH_ISSUER", "AUTH_JWKS_URL", "AUTH_AUDIENCE"):
        assert PREFIX + name in refused.stderr


def test_no_problem_shows_a_secret(tmp_path: Path) -> None:
    refused = serve(tmp_path, **{**PRODUCTION, "auth_jwks_url": "hunter3", "workers": "hunter4"})

    assert refused.returncode == 78
    assert PREFIX + "WORKERS" in refused.stderr
    assert PREFIX + "AUTH_JWKS_URL" in refused.stderr
    assert "hunter" not in refused.stderr + refused.stdout


def test_a_token_needs_the_key_of_a_service_that_has_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", PACKAGE, "token"]

    refused = subprocess.run(command, env={}, cwd=tmp_path, text=True, capture_output=True)

    assert refused.returncode == 1
    assert "serve` makes it" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_makes_no_tokens(tmp_path: Path) -> None:
    environment = {PREFIX + name.upper(): value for name, value in PRODUCTION.items()}

    refused = subprocess.run(
        [sys.executable, "-m", PACKAGE, "token"],
        env=environment,
        cwd=tmp_path,
        text=True,
        capture_output=True,
    )

    assert refused.returncode == 1
    assert "identity provider" in refused.stderr
    assert refused.stdout == ""

"""The production profile: what it refuses, and how it says so."""

from pathlib import Path

import pytest

from .conftest import Make
from .service import MARK

SAFE = {
    "environment": "production",
    "database_url": f"postgresql://service:{MARK}@127.0.0.1:1/orders",
    "auth_jwks_url": "https://issuer.example/jwks.json",
    "auth_issuer": "https://issuer.example/",
    "auth_audience": "orders",
}


def test_production_names_every_unsafe_setting_at_once(make: Make) -> None:
    service = make(
        environment="production", debug="true", listen_port="99999", log_level="LOUD"
    )

    refused = service.run("serve")

    assert refused.returncode == 78
    for setting in (
        "DATABASE_URL",
        "AUTH_JWKS_URL",
        "AUTH_ISSUER",
        "AUTH_AUDIENCE",
        "DEBUG",
        "LISTEN_PORT",
        "LOG_LEVEL",
    ):
        assert f"MY_SERVICE_{setting} " in refused.stderr, setting
    assert not refused.stdout
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("database_url", "sqlite:///var/service.db"),
        ("auth_jwks_url", ""),
        ("auth_jwks_url", "http://issuer.example/jwks.json"),
        ("auth_issuer", ""),
        ("auth_audience", ""),
        ("debug", "true"),
    ],
)
def test_production_refuses(make: Make, setting: str, value: str) -> None:
    refused = make(**(SAFE | {setting: value})).run("serve")

    assert refused.returncode == 78
    assert refused.stderr.count("MY_SERVICE_") == 1 + ("ALLOW" in refused.stderr)
    assert f"MY_SERVICE_{setting}".upper() in refused.stderr
    assert MARK not in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://service:{MARK}",
        f"postgresql://service@host:{MARK}/orders",
        f"postgresql://service:{MARK}@[::1/orders",
        f"mysql://service:{MARK}@host/orders",
        f"{MARK}",
        f"postgresql+psycopg2://service:{MARK}@host/orders",
        f"postgresql://service:{MARK}@host/orders?sslmode={MARK}&nonsense={MARK}",
        f"postgresql://service:{MARK}@host:99999999/orders",
        "sqlite://",
    ],
)
def test_a_malformed_database_url_is_refused_without_its_password(make: Make, url: str) -> None:
    refused = make(**(SAFE | {"database_url": url})).run("serve", timeout=20)

    assert refused.returncode == 78
    assert "MY_SERVICE_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert MARK not in refused.stderr + refused.stdout


def test_unusable_settings_are_named_without_their_values(make: Make) -> None:
    unusable = {
        "auth_jwks_url": f"ftp://user:{MARK}@issuer/keys",
        "auth_algorithms": f"HS256,{MARK}",
        "sentry_dsn": f"https://{MARK}",
        "otlp_endpoint": f"{MARK}://",
        "listen_port": MARK,
        "pool_size": MARK,
        "environment": MARK,
    }

    refused = make(**unusable).run("serve")

    assert refused.returncode == 78
    for setting in unusable:
        assert f"MY_SERVICE_{setting} ".upper() in refused.stderr
    assert "Traceback" not in refused.stderr
    assert MARK not in refused.stderr + refused.stdout


@pytest.mark.parametrize("algorithms", ["none", "HS256", "ES256,none", ","])
def test_only_asymmetric_signatures_can_be_chosen(make: Make, algorithms: str) -> None:
    refused = make(auth_algorithms=algorithms).run("serve")

    assert refused.returncode == 78
    assert "MY_SERVICE_AUTH_ALGORITHMS " in refused.stderr


@pytest.mark.parametrize("content", [f"database_url = '{MARK}", "\x00\xff"])
def test_a_broken_settings_file_is_told_as_such(
    make: Make, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content.encode("latin-1"))

    refused = make(config_file=str(file), listen_port="none").run("serve")

    assert refused.returncode == 78
    assert "Traceback" not in refused.stderr
    assert MARK not in refused.stderr + refused.stdout


def test_a_secret_from_the_secrets_directory_is_read_and_never_printed(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / "my_service_database_url").write_text(f"postgresql://u:{MARK}@h:x/d\n")
    service = make(secrets_dir=str(tmp_path))
    service.settings["database_url"] = ""

    refused = service.run("serve")

    assert refused.returncode == 78
    assert "MY_SERVICE_DATABASE_URL" in refused.stderr
    assert MARK not in refused.stderr + refused.stdout


def test_production_makes_no_tokens(make: Make) -> None:
    refused = make(**SAFE).run("token")

    assert refused.returncode == 1
    assert not refused.stdout
    assert MARK not in refused.stderr

# Sealed: an update replaces this file.
"""Settings: environment, then `.env`, then the secrets directory, then a file."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

EX_CONFIG = 78


def split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]


class BadConfigurationError(Exception):
    """What is wrong with the settings: one sentence each, never with a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class CoreSettings(BaseSettings):
    """What every part of the settings builds on; each chassis part adds its own."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file=".env",
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )
    service: ClassVar[str]
    web_sockets: ClassVar[Literal["none", "websockets-sansio"]] = "none"
    """What the server speaks them with; a slice that takes WebSockets says so, and brings it."""

    environment: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with unsafe settings."
    )
    debug: bool = Field(False, description="Verbose logging of SQL. Refused in production.")

    @property
    def production(self) -> bool:
        return self.environment == "production"

    def unsafe(self) -> dict[str, str]:
        """What must not be so in production: the setting, and what to do about it."""
        return {"debug": "must be off in production"} if self.debug else {}

    def faults(self) -> list[str]:
        """What else keeps the service from starting, such as a file that a setting names."""
        return []

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours can be absent
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = [init_settings, env_settings, dotenv_settings]
        secrets = Path(os.environ.get(variable(cls, "secrets_dir"), "/run/secrets"))
        if secrets.is_dir():
            sources.append(SecretsSettingsSource(settings_cls, secrets_dir=secrets))
        if file := os.environ.get(variable(cls, "config_file")):
            sources.append(_file(settings_cls, file))
        return tuple(sources)


SettingsT = TypeVar("SettingsT", bound=CoreSettings)


def variable(settings: type[BaseSettings], field: str) -> str:
    """The environment variable that sets `field`."""
    return f"{settings.model_config.get('env_prefix', '')}{field}".upper()


def _file(settings: type[BaseSettings], file: str) -> PydanticBaseSettingsSource:
    name = variable(settings, "config_file")
    try:
        found = tomllib.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        raise BadConfigurationError([f"{name} does not name a readable TOML file"]) from None
    if unknown := found.keys() - settings.model_fields.keys():
        problems = [f"{name} names a file with `{key}`, which is no setting" for key in unknown]
        raise BadConfigurationError(problems)
    return InitSettingsSource(settings, found)


def load(settings: type[SettingsT]) -> SettingsT:
    """Read the settings; raises BadConfigurationError that names every problem at once."""
    wrong: dict[str, str] = {}
    loaded = _read(settings, wrong)
    if loaded.production:
        wrong = {**loaded.unsafe(), **wrong}
    problems = [f"{variable(settings, field)} {why}" for field, why in wrong.items()]
    if problems := [*problems, *loaded.faults()]:
        raise BadConfigurationError(problems)
    return loaded


def _read(settings: type[SettingsT], wrong: dict[str, str]) -> SettingsT:
    try:
        return settings()
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False, include_context=False):
            wrong[str(item["loc"][0])] = f"is not usable: {_told(item['msg'])}"
    # The rest is read with defaults in the place of what is wrong, to find every problem at once.
    stand_ins = {field: settings.model_fields[field].get_default() for field in wrong}
    if "environment" in wrong:
        stand_ins["environment"] = "production"  # it was meant to be something stricter
    return settings(**stand_ins)


def _told(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")

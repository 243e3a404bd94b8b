"""What the slice reads from outside: which read model there is, and where."""

from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from ..chassis.config import variable
from ..chassis.engines import DatabaseSettings, supported
from .read import schema


def _supported(value: SecretStr | None) -> SecretStr | None:
    return value if value is None else supported(value)


class SliceSettings(DatabaseSettings):
    read_model: Literal["projection", "materialized_view", "replica"] = Field(
        "projection",
        description="Where queries read: tables of their own, kept by events; a materialized view;"
        " or a streaming replica. The last two are PostgreSQL's.",
    )
    read_database_url: Annotated[SecretStr | None, AfterValidator(_supported)] = Field(
        None,
        description="The database of the read model; by default a SQLite file beside the first."
        " For `replica`: the replica.",
    )
    read_wait_seconds: float = Field(
        2.0,
        ge=0,
        le=30,
        description="How long a query with a `Consistency-Token` waits for the read model.",
    )
    read_mend_seconds: float = Field(
        60.0,
        gt=0,
        le=86400,
        description="After how long a projection fetches a change that no event has brought.",
    )
    read_refresh_seconds: float = Field(
        5.0, gt=0, le=3600, description="How often a materialized view is looked after at least."
    )
    read_debounce_seconds: float = Field(
        0.2, ge=0, le=60, description="How long changes are gathered for one refresh of the view."
    )
    read_lag_seconds: float = Field(
        5.0, gt=0, le=3600, description="How often the lag of the read model is measured."
    )

    @property
    def read_side(self) -> DatabaseSettings:
        """The settings of the database in which queries read."""
        if self.read_model == "materialized_view":
            return self
        return self.model_copy(update={"database_url": self.read_database_url or self._beside})

    @property
    def _beside(self) -> SecretStr:
        """`var/service.db` has `var/service-read.db` beside it."""
        first = self.url.database if self.url.get_backend_name() == "sqlite" else "var/service.db"
        file = PurePath(str(first))
        return SecretStr(f"sqlite:///{file.with_stem(f'{file.stem}-read')}")

    def migrate_more(self) -> None:
        super().migrate_more()
        if self.read_model == "projection":
            schema.migrate(self.read_side)

    def unsafe(self) -> dict[str, str]:
        problems = super().unsafe()
        if self.read_side.url.get_backend_name() == "sqlite" and not self.allow_sqlite:
            problems["read_database_url"] = "must be PostgreSQL in production too"
        return problems

    def faults(self) -> list[str]:
        return [*super().faults(), *self._misfits()]

    def _misfits(self) -> list[str]:
        """What the chosen read model cannot be built on: one sentence each."""
        mode, first, read = (
            variable(type(self), name)
            for name in ("read_model", "database_url", "read_database_url")
        )
        if self.read_model == "projection":
            same = self.read_side.url == self.url
            return [f"{read} must not be {first}: the read model has a database of its own"] * same
        if self.url.get_backend_name() != "postgresql":
            return [f"{mode}={self.read_model} needs PostgreSQL, and {first} is SQLite"]
        if self.read_model == "materialized_view":
            given = self.read_database_url is not None
            return [f"{mode}=materialized_view reads in {first}: leave {read} out"] * given
        if self.read_database_url is None or self.read_side.url == self.url:
            return [f"{mode}=replica needs {read}, the streaming replica of {first}"]
        if self.read_side.url.get_backend_name() != "postgresql":
            return [f"{mode}=replica needs PostgreSQL, and {read} is SQLite"]
        return []

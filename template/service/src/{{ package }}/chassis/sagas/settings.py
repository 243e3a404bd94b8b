# Sealed: an update replaces this file.
"""Settings of sagas."""

from pydantic import Field

from ..migrate import MigrateSettings


class SagasSettings(MigrateSettings):
    sagas_step_seconds: float = Field(
        30.0, gt=0, le=3600, description="How long a step of a saga is tried, if it says no other."
    )
    sagas_approval_seconds: float = Field(
        86400.0, gt=0, le=86400 * 90, description="How long a saga waits for a person's approval."
    )
    sagas_seconds: float = Field(
        86400.0 * 2, gt=0, le=86400 * 365, description="How long a saga may take as a whole."
    )
    sagas_pause_seconds: float = Field(
        30.0, gt=0, le=3600, description="The longest pause between two attempts of a step."
    )
    sagas_stuck_seconds: float = Field(
        60.0, gt=0, le=86400, description="After how long what must succeed is told as `stuck`."
    )
    sagas_dead_seconds: float = Field(
        10.0, ge=1, le=600, description="After how long without a heartbeat an instance is dead."
    )
    sagas_concurrency: int = Field(
        32, ge=1, le=1000, description="Steps that an instance works on at a time."
    )

    def migrate_more(self) -> None:
        from . import durable  # DBOS takes half a second, which few starts need

        super().migrate_more()
        durable.migrate(self)

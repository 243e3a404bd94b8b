# Sealed: an update replaces this file.
"""What can be set about jobs."""

from pydantic import Field

from ..server import ServerSettings


class JobsSettings(ServerSettings):
    jobs_concurrency: int = Field(4, ge=1, le=200, description="Jobs at once in one process.")
    jobs_visibility_seconds: float = Field(
        30.0,
        ge=1,
        le=3600,
        description="A job whose process is silent for so long is given to another one.",
    )
    jobs_timeout_seconds: float = Field(
        3600.0, gt=0, description="How long an attempt at a job may take, unless the job says."
    )
    jobs_attempts: int = Field(
        5, ge=1, le=100, description="Failures until a job is a dead letter, unless the job says."
    )
    jobs_backoff_seconds: float = Field(
        1.0, gt=0, le=3600, description="The wait after the first failure; it doubles, to an hour."
    )
    jobs_poll_seconds: float = Field(
        1.0, gt=0, le=60, description="After how long jobs of other processes are looked for."
    )
    jobs_days: float = Field(
        7.0, gt=0, description="How long jobs are kept that were done or cancelled."
    )
    jobs_dead_days: float = Field(90.0, gt=0, description="How long dead letters are kept.")

# Sealed: an update replaces this file.
"""Jobs and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chassis_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unique_key", sa.String(255), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("traceparent", sa.String(64), nullable=True),
        sa.Column("request_id", sa.String(64), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(128), nullable=True),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_chassis_jobs"),
        sa.UniqueConstraint("name", "unique_key", name="uq_chassis_jobs_unique_key"),
    )
    waits, runs = sa.text("state = 'waiting'"), sa.text("state = 'running'")
    op.create_index(
        "ix_chassis_jobs_waiting",
        "chassis_jobs",
        ["rank", "run_at", "id"],
        postgresql_where=waits,
        sqlite_where=waits,
    )
    op.create_index(
        "ix_chassis_jobs_running",
        "chassis_jobs",
        ["lease_until"],
        postgresql_where=runs,
        sqlite_where=runs,
    )
    op.create_index("ix_chassis_jobs_over", "chassis_jobs", ["finished_at"])
    op.create_table(
        "chassis_schedules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chassis_schedules"),
    )


def downgrade() -> None:
    op.drop_table("chassis_schedules")
    op.drop_table("chassis_jobs")

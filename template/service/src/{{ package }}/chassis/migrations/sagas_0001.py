# Sealed: an update replaces this file.
"""Sagas, their history, and those who drive them."""

import sqlalchemy as sa
from alembic import op

revision = "sagas_0001"
down_revision = None
branch_labels = ("sagas",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chassis_sagas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("step", sa.String(64), nullable=True),
        sa.Column("reason", sa.String(400), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("executor", sa.String(40), nullable=True),
        sa.Column("wish", sa.String(16), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_chassis_sagas"),
    )
    op.create_index(
        "ix_chassis_sagas_state", "chassis_sagas", ["state", "accepted_at"], unique=False
    )
    op.create_index("ix_chassis_sagas_wish", "chassis_sagas", ["wish"], unique=False)
    op.create_table(
        "chassis_saga_steps",
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(
            ["saga_id"],
            ["chassis_sagas.id"],
            name="fk_chassis_saga_steps_saga_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("saga_id", "number", name="pk_chassis_saga_steps"),
    )
    op.create_table(
        "chassis_saga_executors",
        sa.Column("executor", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.Float(53), nullable=False),
        sa.Column("taken_by", sa.String(40), nullable=True),
        sa.Column("knows", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("executor", name="pk_chassis_saga_executors"),
    )


def downgrade() -> None:
    op.drop_table("chassis_saga_executors")
    op.drop_table("chassis_saga_steps")
    op.drop_table("chassis_sagas")

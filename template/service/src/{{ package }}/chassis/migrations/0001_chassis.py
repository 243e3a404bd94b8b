# Sealed: an update replaces this file.
"""Idempotency keys and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "chassis_0001"
down_revision = None
branch_labels = ("chassis",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chassis_idempotency",
        sa.Column("caller", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_chassis_idempotency"),
    )
    op.create_index(
        "ix_chassis_idempotency_expires_at", "chassis_idempotency", ["expires_at"], unique=False
    )
    op.create_table(
        "chassis_audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("entity", sa.String(64), nullable=False),
        sa.Column("entity_id", sa.String(64), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_chassis_audit"),
    )
    op.create_index("ix_chassis_audit_at", "chassis_audit", ["at", "id"], unique=False)
    op.create_index(
        "ix_chassis_audit_entity", "chassis_audit", ["entity", "entity_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("chassis_audit")
    op.drop_table("chassis_idempotency")

# Sealed: an update replaces this file.
"""Outbox, inbox, dead letters, and leases of partitions."""

import sqlalchemy as sa
from alembic import op

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chassis_outbox",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chassis_outbox"),
    )
    op.create_index("ix_chassis_outbox_slot", "chassis_outbox", ["slot", "id"], unique=False)
    op.create_table(
        "chassis_inbox",
        sa.Column("consumer", sa.String(100), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name="pk_chassis_inbox"),
    )
    op.create_index("ix_chassis_inbox_at", "chassis_inbox", ["at"], unique=False)
    op.create_table(
        "chassis_dead_letters",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("consumer", sa.String(100), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("type", sa.String(200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chassis_dead_letters"),
    )
    op.create_index(
        "ix_chassis_dead_letters_state", "chassis_dead_letters", ["state"], unique=False
    )
    op.create_table(
        "chassis_leases",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_chassis_leases"),
    )


def downgrade() -> None:
    op.drop_table("chassis_leases")
    op.drop_table("chassis_dead_letters")
    op.drop_table("chassis_inbox")
    op.drop_table("chassis_outbox")

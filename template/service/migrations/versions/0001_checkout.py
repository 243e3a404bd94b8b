"""Checkouts."""

import sqlalchemy as sa
from alembic import op

revision = "checkout_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer", sa.String(255), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_checkouts"),
    )
    op.create_index(
        "ix_checkouts_by_customer", "checkouts", ["customer", "placed_at", "id"], unique=False
    )
    op.create_index("ix_checkouts_by_time", "checkouts", ["placed_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("checkouts")

"""The read model of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "ledger_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("name", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "id", name="pk_ledger_accounts"),
    )
    op.create_index(
        "ix_ledger_accounts_opened",
        "ledger_accounts",
        ["generation", "opened_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_ledger_accounts_owner",
        "ledger_accounts",
        ["generation", "owner", "opened_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("ledger_accounts")

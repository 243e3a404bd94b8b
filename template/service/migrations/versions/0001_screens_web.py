"""Sessions of browsers."""

import sqlalchemy as sa
from alembic import op

revision = "screens_web_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None

INDEXES = ("subject", "provider_session", "seen_at", "ends_at")


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("provider_session", sa.String(255), nullable=True),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    for column in INDEXES:
        op.create_index(f"ix_sessions_{column}", "sessions", [column], unique=False)
    op.create_table(
        "used_sign_ins",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_sign_ins"),
    )
    op.create_index("ix_used_sign_ins_expires_at", "used_sign_ins", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_table("used_sign_ins")
    op.drop_table("sessions")

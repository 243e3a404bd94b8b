# Sealed: an update replaces this file.
"""The event store, whose events can be added to and nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "event_store_0001"
down_revision = None
branch_labels = ("event_store",)
depends_on = None

_ON_SQLITE = tuple(
    f"""
    CREATE TRIGGER event_store_no_{verb.lower()} BEFORE {verb} ON event_store_events
    BEGIN SELECT RAISE(ABORT, 'events can only be added'); END
    """
    for verb in ("UPDATE", "DELETE")
)
_ON_POSTGRESQL = (
    """
    CREATE FUNCTION event_store_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'events can only be added' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER event_store_refuse BEFORE UPDATE OR DELETE ON event_store_events
    FOR EACH ROW EXECUTE FUNCTION event_store_refuse()
    """,
    """
    CREATE TRIGGER event_store_refuse_all BEFORE TRUNCATE ON event_store_events
    FOR EACH STATEMENT EXECUTE FUNCTION event_store_refuse()
    """,
    # A position is taken before the commit, and the next one may commit first: whoever reads on
    # from the higher one would miss the lower one for good. So appending is one after the other.
    """
    CREATE FUNCTION event_store_in_turn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('event_store', 0));
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER event_store_in_turn BEFORE INSERT ON event_store_events
    FOR EACH STATEMENT EXECUTE FUNCTION event_store_in_turn()
    """,
)


def upgrade() -> None:
    op.create_table(
        "event_store_events",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_event_store_events"),
        sa.UniqueConstraint("stream", "version", name="uq_event_store_events_stream"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_store_snapshots",
        sa.Column("stream", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shape", sa.String(16), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("stream", "version", name="pk_event_store_snapshots"),
    )
    op.create_table(
        "event_store_checkpoints",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", "generation", name="pk_event_store_checkpoints"),
    )
    op.create_table(
        "event_store_keys",
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name="pk_event_store_keys"),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _ON_SQLITE if on_sqlite else _ON_POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("event_store_keys")
    op.drop_table("event_store_checkpoints")
    op.drop_table("event_store_snapshots")
    op.drop_table("event_store_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_store_refuse")
        op.execute("DROP FUNCTION event_store_in_turn")

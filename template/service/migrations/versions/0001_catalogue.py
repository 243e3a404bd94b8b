"""The catalogue, and on PostgreSQL the two views that its queries may read instead of tables."""

import sqlalchemy as sa
from alembic import op

revision = "catalogue_0001"
down_revision = None
branch_labels = ("service",)
depends_on = None

# The columns of `catalogue/read/schema.py`, in its order.
SHAPED = """
SELECT id, sku, name, description, category, price, was,
       CASE WHEN price < was THEN (was - price) * 100 / was ELSE 0 END::integer AS reduced_by,
       status, search, published_at, changed_at, version
FROM products
"""


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("was", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
    )
    op.create_index("ix_products_sku", "products", ["sku"], unique=True)
    op.create_index("ix_products_changed_at", "products", ["changed_at", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _create_views()


def _create_views() -> None:
    op.execute(f"CREATE VIEW catalogue_live AS {SHAPED}")
    op.execute(f"CREATE MATERIALIZED VIEW catalogue_snapshot AS {SHAPED}")
    # Without a unique index there is no concurrent refresh.
    op.execute("CREATE UNIQUE INDEX ix_catalogue_snapshot_id ON catalogue_snapshot (id)")
    for order in ("price", "name", "published_at", "reduced_by"):
        index = f"ix_catalogue_snapshot_by_{order}"
        op.execute(f"CREATE INDEX {index} ON catalogue_snapshot (status, {order}, id)")
    op.execute(
        "CREATE INDEX ix_catalogue_snapshot_by_category"
        " ON catalogue_snapshot (status, category, price)"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP MATERIALIZED VIEW catalogue_snapshot")
        op.execute("DROP VIEW catalogue_live")
    op.drop_table("products")

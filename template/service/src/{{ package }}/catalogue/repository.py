"""Finds and stores products: the only place that knows rows and products."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .domain import Product, ProductNotFoundError, SkuTakenError, Status, search_text
from .tables import ProductRow


class Products:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, product: Product) -> None:
        """Raises SkuTakenError."""
        taken = select(ProductRow.id).where(ProductRow.sku == product.sku)
        if await self._session.scalar(taken) is not None:
            raise SkuTakenError("another product has this SKU")
        row = ProductRow(id=product.id, version=product.version)
        _write(product, row)
        self._session.add(row)
        await self._session.flush()

    async def get(self, product_id: UUID) -> Product:
        """The product, locked until the transaction ends: who changes it waits in line."""
        row = await self._session.get(ProductRow, product_id, with_for_update=True)
        if row is None:
            raise ProductNotFoundError
        return _to_product(row)

    async def save(self, product: Product) -> None:
        """Raises ConcurrentChangeError if somebody else was faster."""
        row = await self._session.get_one(ProductRow, product.id)
        _write(product, row)
        row.version = product.version = product.version + 1
        await self._session.flush()


def _write(product: Product, row: ProductRow) -> None:
    row.sku = product.sku
    row.name = product.name
    row.description = product.description
    row.category = product.category
    row.price = product.price
    row.was = product.was
    row.status = product.status
    row.search = search_text(product.sku, product.name, product.category, product.description)
    row.added_at = product.added_at
    row.changed_at = product.changed_at
    row.published_at = product.published_at


def _to_product(row: ProductRow) -> Product:
    return Product(
        id=row.id,
        sku=row.sku,
        name=row.name,
        description=row.description,
        category=row.category,
        price=row.price,
        was=row.was,
        status=Status(row.status),
        added_at=row.added_at,
        changed_at=row.changed_at,
        published_at=row.published_at,
        version=row.version,
    )
